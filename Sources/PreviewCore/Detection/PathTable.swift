/// The file paths of a repository, in a form that half a million of them fit into little memory:
/// a few buffers of text and an array of positions.
///
/// Sorted by their letters without case, because file names match without case (Q5). Paths that
/// detection never looks at are left out, and deep ones are cut to the folder they lie in.
struct PathTable: Sendable {
    /// Folders inside one another that are looked into (rules section 2).
    static let maximumDepth = 6
    /// Bytes of all paths together; what comes later in the alphabet is left out and told.
    static let maximumBytes = 40 << 20

    /// Bytes of one buffer; text is kept in several, so that none has to be copied to grow.
    private static let chunkSize = 1 << 20

    /// All files that were offered, also those left out.
    private(set) var offered = 0
    /// Whether the repository has more paths than are kept.
    private(set) var isCut = false
    private var chunks: [[UInt8]] = []
    private var entries: [Entry] = []

    /// Where a path lies: it never spans two buffers.
    private struct Entry {
        var start: UInt32
        var count: UInt16
        var chunk: UInt16
    }

    /// - Parameter paths: relative, with `/`; order and repetition do not matter.
    init(_ paths: some Sequence<String>) {
        for path in paths { add(path) }
        finish()
    }

    /// Begins a table; nothing is found in it before ``finish()``.
    init() {}

    /// How many paths are kept.
    var count: Int { entries.count }

    /// The path at a position of the sorted table.
    subscript(index: Int) -> String { withBytes(index) { String(decoding: $0, as: UTF8.self) } }

    /// The bytes of the path at a position.
    func withBytes<Result>(
        _ index: Int,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        withBytes(of: entries[index], body)
    }

    private func withBytes<Result>(
        of entry: Entry,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        chunks[Int(entry.chunk)].withUnsafeBufferPointer { buffer in
            let start = Int(entry.start)
            return body(UnsafeBufferPointer(rebasing: buffer[start..<start + Int(entry.count)]))
        }
    }

    /// Adds a path as far as it is kept.
    mutating func add(_ path: String) {
        offered += 1
        var path = path
        path.withUTF8 { bytes in
            // Longer ones cannot be opened (PATH_MAX).
            guard bytes.count <= 4_096 else { return }
            let length = SkippedFolders.keptLength(of: bytes)
            if length > 0 { store(UnsafeBufferPointer(rebasing: bytes[..<length])) }
        }
    }

    private mutating func store(_ bytes: UnsafeBufferPointer<UInt8>) {
        if chunks.last.map({ $0.count + bytes.count > Self.chunkSize }) ?? true {
            guard chunks.count < Self.maximumBytes / Self.chunkSize else {
                isCut = true
                return
            }
            var chunk: [UInt8] = []
            chunk.reserveCapacity(Self.chunkSize)
            chunks.append(chunk)
        }
        let chunk = chunks.count - 1
        entries.append(
            Entry(
                start: UInt32(chunks[chunk].count),
                count: UInt16(bytes.count),
                chunk: UInt16(chunk)
            )
        )
        chunks[chunk].append(contentsOf: bytes)
    }

    /// Ends the adding: sorts without case, then by the bytes themselves, and drops repetitions.
    mutating func finish() {
        let unsorted = entries
        entries = []
        entries = unsorted.sorted { left, right in
            withBytes(of: left) { one in
                withBytes(of: right) { other in Self.precedes(one, other) }
            }
        }
        var kept = 0
        for index in entries.indices {
            let isRepeated =
                kept > 0
                && withBytes(kept - 1) { previous in
                    withBytes(index) { $0.elementsEqual(previous) }
                }
            guard !isRepeated else { continue }
            entries[kept] = entries[index]
            kept += 1
        }
        entries.removeLast(entries.count - kept)
    }

    private static func precedes(
        _ left: UnsafeBufferPointer<UInt8>,
        _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        switch compare(left, right) {
        case 0: return left.lexicographicallyPrecedes(right)
        case let order: return order < 0
        }
    }

    /// Compares ASCII letters without case: negative, zero or positive.
    private static func compare(
        _ left: UnsafeBufferPointer<UInt8>,
        _ right: UnsafeBufferPointer<UInt8>
    ) -> Int {
        let shared = min(left.count, right.count)
        var index = 0
        while index < shared {
            if left[index] != right[index] {
                let (one, other) = (folded(left[index]), folded(right[index]))
                if one != other { return one < other ? -1 : 1 }
            }
            index += 1
        }
        return left.count - right.count
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// The first position whose path is not before the key.
    private func lowerBound(_ key: [UInt8]) -> Int {
        key.withUnsafeBufferPointer { key in
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                let order = withBytes(middle) { Self.compare($0, key) }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// The file of that name as it is spelled in the repository: the exact spelling if it is there,
    /// else the first that differs only in case.
    func file(_ path: String) -> String? {
        let key = Array(path.utf8)
        guard !key.isEmpty, key.last != UInt8(ascii: "/") else { return nil }
        var near: String?
        for index in lowerBound(key)..<count {
            let found = self[index]
            if found == path { return path }
            let isSame = withBytes(index) { bytes in
                key.withUnsafeBufferPointer { Self.compare(bytes, $0) == 0 }
            }
            guard isSame else { break }
            near = near ?? found
        }
        return near
    }

    /// Whether anything lies under a folder, spelled with or without case.
    func hasFolder(_ path: String) -> Bool {
        path.isEmpty ? count > 0 : !positions(under: path).isEmpty
    }

    /// The positions of everything under a folder; `""` is the root.
    func positions(under folder: String) -> Range<Int> {
        guard !folder.isEmpty else { return 0..<count }
        // "0" follows "/" in ASCII, so this is the first path behind the folder.
        return lowerBound(Array((folder + "/").utf8))..<lowerBound(Array((folder + "0").utf8))
    }

    /// What lies directly in a folder, as full paths in order: folders end in `/`. At most `limit`
    /// entries are looked at, so that no folder can take long.
    func entries(in folder: String, limit: Int = 20_000) -> [String] {
        let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
        var result: [String] = []
        let range = positions(under: folder)
        var index = range.lowerBound
        while index < range.upperBound, result.count < limit {
            let path = self[index]
            guard let slash = path.utf8.dropFirst(prefix).firstIndex(of: UInt8(ascii: "/")) else {
                result.append(path)
                index += 1
                continue
            }
            let child = String(path[..<slash])
            result.append(child + "/")
            index = positions(under: child).upperBound
        }
        return result
    }
}
