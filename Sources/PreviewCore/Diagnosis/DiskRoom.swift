/// How much can still be written to a disk.
package struct DiskRoom: Hashable, Sendable {
    /// What is kept there, such as `state folder`.
    package var purpose: String
    /// A folder on the disk.
    package var folder: String
    /// Bytes that this user can still write.
    package var freeBytes: Int64
    /// Files that can still be made; `nil` where the file system has no such bound.
    package var freeFiles: Int64?

    package init(purpose: String, folder: String, freeBytes: Int64, freeFiles: Int64?) {
        self.purpose = purpose
        self.folder = folder
        self.freeBytes = freeBytes
        self.freeFiles = freeFiles
    }

    /// Less than a checkout with its dependencies commonly takes.
    private static let scarceBytes: Int64 = 1 << 30
    /// Less than a run needs for its record, its logs and a small checkout.
    private static let leastBytes: Int64 = 64 << 20
    /// The dependencies of a Node project are tens of thousands of files.
    private static let scarceFiles: Int64 = 50_000
    private static let leastFiles: Int64 = 1000

    /// What is to be said of it.
    package var finding: Finding {
        let files = freeFiles.map { $0 < Self.scarceFiles ? ", for \($0) files" : "" } ?? ""
        let words = "\(Self.text(freeBytes)) free\(files) for the \(purpose) (\(folder))"
        let fix = "make room there: `df -h \(folder)` shows the disk, `preview prune` frees some"
        if freeBytes < Self.leastBytes || freeFiles.map({ $0 < Self.leastFiles }) == true {
            return .failed(Failure(.diskAlmostFull, "only " + words, fix: fix))
        }
        if freeBytes < Self.scarceBytes || !files.isEmpty {
            return .warning("only " + words, code: .diskAlmostFull, fix: fix)
        }
        return .ok(words)
    }

    /// An amount of bytes for people, such as `1.5 GB`.
    private static func text(_ bytes: Int64) -> String {
        let (unit, name): (Int64, String) =
            bytes >= 1 << 30
            ? (1 << 30, "GB") : bytes >= 1 << 20 ? (1 << 20, "MB") : (1 << 10, "kB")
        let tenths = bytes * 10 / unit
        return tenths >= 100 || tenths % 10 == 0
            ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
}
