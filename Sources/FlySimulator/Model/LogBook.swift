import PreviewCore

/// The log of an app, oldest first.
struct LogBook: Sendable {
    struct Entry: Sendable {
        var id: String
        var time: Instant
        var message: String
        var level: String
        var provider: String
        var machine: String
        var region: String

        var json: JSONValue {
            .object([
                ("id", .string(id)), ("type", "log"),
                (
                    "attributes",
                    .object([
                        ("timestamp", .string(time.preciseText)), ("message", .string(message)),
                        ("level", .string(level)), ("instance", .string(machine)),
                        ("region", .string(region)),
                        (
                            "meta",
                            .object([
                                ("instance", .string(machine)), ("region", .string(region)),
                                ("event", ["provider": .string(provider)]),
                            ])
                        ),
                    ])
                ),
            ])
        }
    }

    /// How many entries a page has, and how many an app keeps.
    static let pageSize = 100
    private static let capacity = 20_000

    private var entries: [Entry] = []

    /// Adds an entry; its time is moved past the last one's, so that a cursor tells them apart.
    mutating func add(_ entry: Entry) {
        var entry = entry
        if let last = entries.last, entry.time <= last.time {
            entry.time = Instant(nanoseconds: last.time.nanoseconds + 1)
        }
        entries.append(entry)
        if entries.count > Self.capacity { entries.removeFirst(Self.capacity / 10) }
    }

    /// The first page after `cursor`, or the newest page that starts within a day before `now`.
    func page(
        after cursor: Int64?, now: Instant, where isWanted: (Entry) -> Bool
    ) -> [Entry] {
        guard let cursor else {
            let since = now + .seconds(-86_400)
            return entries.filter { $0.time >= since && isWanted($0) }.suffix(Self.pageSize)
        }
        let first = entries.partitioningIndex { $0.time.nanoseconds > cursor }
        var page: [Entry] = []
        for entry in entries[first...] where page.count < Self.pageSize && isWanted(entry) {
            page.append(entry)
        }
        return page
    }
}

extension Array {
    /// The index of the first element of the second part, for an array in which all elements that
    /// belong to it come last.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                belongs(self[middle]) ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}
