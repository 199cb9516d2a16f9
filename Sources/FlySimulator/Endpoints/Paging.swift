import PreviewCore

extension FlyModel {
    /// One page of a listing that is sorted by `key`, and the cursor for the next one if there is
    /// more.
    ///
    /// - Throws: 400 for a limit out of range, and for a cursor that is unknown, too old or comes
    ///   without a limit (reference, sections 2.3 and 4.3).
    mutating func page<Item>(
        of items: [Item], for call: Call, maximum: Int, key: (Item) -> String
    ) throws(APIError) -> (items: [Item], next: String?) {
        let sentCursor = call.request.queryValue("cursor")
        guard let sentLimit = call.request.queryValue("limit") else {
            guard sentCursor == nil else { throw .invalid("cursor needs limit") }
            return (items, nil)
        }
        guard let limit = Int(sentLimit), (1...maximum).contains(limit) else {
            throw .invalid("limit must be from 1 to \(maximum)")
        }
        var rest = items[...]
        if let sentCursor {
            guard let cursor = cursors[sentCursor], cursor.expiresAt > now else {
                throw .invalid("cursor is invalid or has expired")
            }
            rest = rest.drop { key($0) <= cursor.after }
        }
        let page = Array(rest.prefix(limit))
        guard page.count < rest.count, let last = page.last else { return (page, nil) }
        let cursor = ids.token(24)
        cursors[cursor] = Cursor(after: key(last), expiresAt: now + delays.cursorLife)
        return (page, cursor)
    }
}
