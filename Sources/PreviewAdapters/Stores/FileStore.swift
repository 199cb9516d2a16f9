package import PreviewCore
package import PreviewSystem

/// Keeps each preview's record in a folder of its own beside `preview.yaml` (ENGINE section 1).
///
/// Folders are 0700 and files 0600; the lock is the kernel's, so that a killed holder blocks nobody.
package struct FileStore: StateStore {
    private let data: DataFolder

    /// The record's name in its preview's folder.
    static let document = "state.json"
    private static let lockName = "lock"
    private static let keptVersions = 5
    /// A record is some kilobytes; anything near this is no record.
    private static let largest = 16 << 20

    /// `data`: the folder of all records.
    package init(_ data: DataFolder) { self.data = data }

    package var place: String { data.path }

    package func place(of app: String) -> String { "\(data.path)/\(app)/\(Self.document)" }

    package func list() async throws -> [String] { try data.names() }

    package func read(_ app: String) async throws -> StoredBytes? {
        guard let folder = try data.folder(of: app) else { return nil }
        return try translating {
            try folder.read(Self.document, limit: Self.largest)
                .map { StoredBytes(bytes: $0, version: Self.version(of: $0)) }
        }
    }

    package func kept(_ app: String) async throws -> [KeptBytes] {
        guard let folder = try data.folder(of: app) else { return [] }
        return try translating {
            try Self.keptSerials(in: folder).reversed().compactMap { serial in
                let name = "\(Self.document).\(serial)"
                return try folder.read(name, limit: Self.largest).map {
                    KeptBytes(serial: serial, bytes: $0, place: "\(folder.path)/\(name)")
                }
            }
        }
    }

    package func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        let folder = try data.makeFolder(of: app)
        let isReplaced = try translating {
            try folder.exchange(Self.document, with: bytes, readingAtMost: Self.largest) {
                current in
                guard current.map(Self.version) == version else { return .leave }
                return .replace(keeping: serial.map { "\(Self.document).\($0)" })
            }
        }
        guard isReplaced else {
            throw Failure.writeConflict(app, at: "\(folder.path)/\(Self.document)")
        }
        Self.dropOldVersions(in: folder)
        return Self.version(of: bytes)
    }

    package func remove(_ app: String) async throws {
        try translating {
            do throws(FileFailure) {
                try Folder.open(data.path).removeTree(app)
            } catch {
                guard error.cause == .notFound else { throw error }
            }
        }
    }

    private static func version(of bytes: [UInt8]) -> StoreVersion {
        StoreVersion(Digest.hex(bytes))
    }

    private static func keptSerials(in folder: Folder) throws(FileFailure) -> [Int] {
        try folder.entryNames().compactMap { name in
            guard name.hasPrefix(document + ".") else { return nil }
            return Int(name.dropFirst(document.count + 1))
        }.sorted()
    }

    /// Removes versions beyond those that are kept, as far as that can be done now.
    private static func dropOldVersions(in folder: Folder) {
        // The write before it is durable, and a version too many hurts nobody: no failure here may
        // look like one of the write. The next write tries again.
        for serial in ((try? keptSerials(in: folder)) ?? []).dropLast(keptVersions) {
            try? folder.remove("\(document).\(serial)")
        }
    }
}

extension FileStore {
    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        let folder = try data.makeFolder(of: app)
        let text = String(
            decoding: JSONWriter.line(try JSONValue.encoding(holder)), as: UTF8.self)
        let end = ContinuousClock.now + timeout
        while true {
            // In slices, so that a long wait gives a sign of life (SPEC section 3).
            let slice = min(end, ContinuousClock.now + .seconds(5))
            do {
                return HeldLock(
                    lock: try await FileLock.acquire(
                        Self.lockName, in: folder, holder: text,
                        waitingUntil: timeout > .zero ? slice : nil))
            } catch .held(let other) {
                guard ContinuousClock.now < end else {
                    throw Failure.locked(
                        app, by: Self.holder(from: other), waited: timeout)
                }
                waiting(Self.holder(from: other))
            } catch .cancelled {
                throw CancellationError()
            } catch .file(let failure) {
                throw Failure(failure)
            }
        }
    }

    package func holder(of app: String) async throws -> LockHolder? {
        guard let folder = try data.folder(of: app) else { return nil }
        return try translating {
            try FileLock.currentHolder(of: Self.lockName, in: folder).map {
                Self.holder(from: $0) ?? Self.unnamed
            }
        }
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        guard let holder = try await holder(of: app) else { throw Failure.notLocked(app) }
        guard holder.id == id else { throw Failure.otherLock(id, of: app, heldBy: holder) }
        // The kernel holds a file's lock only for a process that lives.
        throw Failure.holderAlive(holder)
    }

    private static let unnamed = LockHolder(
        id: "unknown", user: "unknown", host: "unknown", process: 0, command: "unknown",
        since: Timestamp(seconds: 0))

    private static func holder(from text: String) -> LockHolder? {
        // A text that is cut or empty names nobody; the lock counts all the same.
        try? JSONReader.read(text).decoded(as: LockHolder.self)
    }
}

private struct HeldLock: StoreLock {
    let lock: FileLock

    func release() async { lock.release() }
}

extension Failure {
    /// The failure of a file operation on the program's own record.
    package init(_ failure: FileFailure) {
        let (code, kind, fix): (ErrorCode, Kind, String) =
            switch failure.cause {
            case .symbolicLink, .foreignOwner:
                (
                    .unsafeFolder, .stateNeedsRecovery,
                    "the record must be in a folder of your own that is no symbolic link"
                )
            case .noSpace:
                (.cannotWrite, .failed, "make room; the previous record is intact")
            case .readOnly, .permissionDenied:
                (.cannotWrite, .failed, "choose a writable folder with `--state`")
            default:
                switch failure.operation {
                case .read, .open, .list, .inspect:
                    (.cannotRead, .failed, "look at the file and try again")
                default: (.cannotWrite, .failed, "the previous record is intact; try again")
                }
            }
        self.init(
            code, kind, failure.description, evidence: [.init("file", failure.path)], fix: fix)
    }
}

/// Runs file operations, turning their failures into the program's.
func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let failure as FileFailure {
        throw Failure(failure)
    }
}
