/// Cuts a stream of bytes into lines, wherever the chunks end.
///
/// A line feed ends a line, a carriage return before it goes with it. What is no UTF-8 is replaced.
package struct LineSplitter: Sendable {
    /// The longest line in bytes, unless said otherwise; a longer one comes in pieces of at most
    /// this length.
    package static let limit = 16 * 1024

    private var pending: [UInt8] = []

    private let longest: Int

    /// Starts with an empty line; `limit` is the longest line in bytes.
    package init(limit: Int = LineSplitter.limit) {
        longest = limit
    }

    /// The lines that `bytes` completes.
    package mutating func feed(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for piece in bytes.split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        ).dropLast() {
            addPieces(piece, to: &lines)
            lines.append(takePending())
        }
        let start = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        addPieces(bytes[start...], to: &lines)
        return lines
    }

    /// The unfinished last line, or nil if there is none. Call once, at the end.
    package mutating func finish() -> String? {
        pending.isEmpty ? nil : takePending()
    }

    private mutating func addPieces(_ bytes: ArraySlice<UInt8>, to lines: inout [String]) {
        pending += bytes
        while pending.count > longest {
            let cut = characterBoundary(in: pending, before: longest)
            lines.append(String(decoding: pending[..<cut], as: UTF8.self))
            pending.removeFirst(cut)
        }
    }

    private mutating func takePending() -> String {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        defer { pending.removeAll(keepingCapacity: true) }
        return String(decoding: pending, as: UTF8.self)
    }
}

/// The last index up to `limit` that is not inside a UTF-8 character.
private func characterBoundary(in bytes: [UInt8], before limit: Int) -> Int {
    var index = limit
    while index > limit - 4, bytes[index] & 0b1100_0000 == 0b1000_0000 {
        index -= 1
    }
    return index > limit - 4 ? index : limit
}
