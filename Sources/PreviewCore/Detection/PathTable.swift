/// The file paths of a repository, in a form that half a million of them fit into little memory:
/// one buffer of text and two arrays of positions.
///
/// Sorted by their letters without case, because file names match without case (Q5). Paths that
/// detection never looks at are left out, and deep ones are cut to the folder they lie in.
struct PathTable: Sendable {
    /// Folders inside one another that are looked into (rules section 2).
    static let maximumDepth = 6
    /// Bytes of all paths together; what comes later in the alphabet is left out and told.
    static let maximumBytes = 40 << 20

    /// All files that were offered, also those left out.
    private(set) var offered = 0
    /// Whether the repository has more paths than are kept.
    private(set) var isCut = false
    private var text: [UInt8] = []
    private var starts: [UInt32] = []

    /// - Parameter paths: relative, with `/`; order and repetition do not matter.
    init(_ paths: some Sequence<String>) {
        for path in paths { add(path) }
        finish()
    }

    /// Begins a table; nothing is found in it before ``finish()``.
    init() {}

    /// Ends the adding.
    mutating func finish() {
        starts.append(UInt32(text.count))
        sort()
    }

    /// How many paths are kept.
    var count: Int { max(0, starts.count - 1) }

    /// The path at a position of the sorted table.
    subscript(index: Int) -> String {
        text.withUnsafeBufferPointer { buffer in
            String(decoding: UnsafeBufferPointer(rebasing: buffer[range(index)]), as: UTF8.self)
        }
    }

    /// Adds a path as far as it is kept.
    mutating func add(_ path: String) {
        offered += 1
        let bytes = path.utf8
        guard !bytes.isEmpty, let kept = SkippedFolders.kept(of: bytes) else { return }
        guard text.count + kept.count <= Self.maximumBytes else {
            isCut = true
            return
        }
        starts.append(UInt32(text.count))
        text.append(contentsOf: kept)
    }

    private func range(_ index: Int) -> Range<Int> {
        Int(starts[index])..<Int(starts[index + 1])
    }

    /// Sorts without case, then by the bytes themselves, and drops repetitions.
    private mutating func sort() {
        guard count > 1 else { return }
        var order = Array(0..<UInt32(count))
        text.withUnsafeBufferPointer { buffer in
            func slice(_ index: UInt32) -> UnsafeBufferPointer<UInt8> {
                UnsafeBufferPointer(rebasing: buffer[range(Int(index))])
            }
            order.sort { Self.precedes(slice($0), slice($1)) }
        }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(text.count)
        var positions: [UInt32] = []
        positions.reserveCapacity(starts.count)
        var last: ArraySlice<UInt8> = []
        for index in order {
            let path = text[range(Int(index))]
            guard path != last else { continue }
            positions.append(UInt32(sorted.count))
            sorted.append(contentsOf: path)
            last = path
        }
        positions.append(UInt32(sorted.count))
        (text, starts) = (sorted, positions)
    }

    private static func precedes(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        switch compare(left, right) {
        case 0: return left.lexicographicallyPrecedes(right)
        case let order: return order < 0
        }
    }

    /// Compares ASCII letters without case: negative, zero or positive.
    private static func compare(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Int {
        let shared = min(left.count, right.count)
        var index = 0
        while index < shared {
            let (one, other) = (folded(left[index]), folded(right[index]))
            if one != other { return one < other ? -1 : 1 }
            index += 1
        }
        return left.count - right.count
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// The first position whose path is not before the key.
    private func lowerBound(_ key: [UInt8], in buffer: UnsafeBufferPointer<UInt8>) -> Int {
        key.withUnsafeBufferPointer { key in
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                let path = UnsafeBufferPointer(rebasing: buffer[range(middle)])
                if Self.compare(path, key) < 0 { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// The file of that name as it is spelled in the repository: the exact spelling if it is there,
    /// else the first that differs only in case.
    func file(_ path: String) -> String? {
        let key = Array(path.utf8)
        guard !key.isEmpty, key.last != UInt8(ascii: "/") else { return nil }
        return text.withUnsafeBufferPointer { buffer in
            var index = lowerBound(key, in: buffer)
            var near: String?
            while index < count, range(index).count == key.count {
                let found = UnsafeBufferPointer(rebasing: buffer[range(index)])
                let same = key.withUnsafeBufferPointer { Self.compare(found, $0) == 0 }
                guard same else { break }
                if found.elementsEqual(key) { return path }
                near = near ?? self[index]
                index += 1
            }
            return near
        }
    }

    /// Whether anything lies under a folder, spelled with or without case.
    func hasFolder(_ path: String) -> Bool {
        path.isEmpty ? count > 0 : !positions(under: path).isEmpty
    }

    /// The positions of everything under a folder; `""` is the root.
    func positions(under folder: String) -> Range<Int> {
        guard !folder.isEmpty else { return 0..<count }
        return text.withUnsafeBufferPointer { buffer in
            let first = lowerBound(Array((folder + "/").utf8), in: buffer)
            // "0" follows "/" in ASCII, so this is the first path behind the folder.
            let end = lowerBound(Array((folder + "0").utf8), in: buffer)
            return first..<end
        }
    }

    /// What lies directly in a folder, as full paths in order: folders end in `/`.
    ///
    /// - Parameter limit: how many entries are looked at, so that no folder can take long.
    func entries(in folder: String, limit: Int = 20_000) -> [String] {
        let prefix = folder.isEmpty ? 0 : folder.utf8.count + 1
        var result: [String] = []
        var index = positions(under: folder).lowerBound
        let end = positions(under: folder).upperBound
        while index < end, result.count < limit {
            let path = text[range(index)]
            guard let slash = path.dropFirst(prefix).firstIndex(of: UInt8(ascii: "/")) else {
                result.append(String(decoding: path, as: UTF8.self))
                index += 1
                continue
            }
            let child = String(decoding: path[..<slash], as: UTF8.self)
            result.append(child + "/")
            index = positions(under: child).upperBound
        }
        return result
    }
}
