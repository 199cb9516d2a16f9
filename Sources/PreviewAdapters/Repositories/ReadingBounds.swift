import PreviewCore

/// How much of a commit is read, whoever reads it: hostile repositories must neither fill the memory
/// nor get another answer from another source.
enum ReadingBounds {
    /// The largest file that is read at all, for its head.
    private static let largestFile = 8 << 20
    /// How much all files that are read may be together.
    private static let largestSum = 128 << 20
    /// How much of a file is kept that is too large to be read whole.
    static let headSize = 64 << 10

    /// The objects that are read, of those that are wanted, in order.
    static func chosen<Object>(_ wanted: [Object], size: (Object) -> Int) -> [Object] {
        var sum = 0
        return wanted.filter { object in
            let size = size(object)
            guard size <= largestFile else { return false }
            sum += size
            return sum <= largestSum
        }
    }

    /// Whether a file of this size is read whole.
    static func isReadWhole(_ size: Int) -> Bool {
        size <= RepositorySnapshot.maximumFileSize
    }

    /// What is kept of a file of this size, from the bytes that were read of it.
    static func content(
        _ bytes: some Collection<UInt8>,
        size: Int
    ) -> RepositorySnapshot.FileContent {
        isReadWhole(size)
            ? .init(Array(bytes)) : .init(Array(bytes.prefix(headSize)), isWhole: false)
    }
}
