import PreviewCore
import PreviewSystem

/// The folder of one preview as the provider `local` uses it: which file is where, and how it is
/// read and written.
///
/// ```
/// <app>/supervisor/   machine.json settings.json release.json status.json boot.jsonl control lock
/// <app>/checkout/     the commit
/// <app>/logs/         app.log setup.log
/// ```
struct MachinePlace: Sendable {
    /// The folder that holds all previews, `.preview`.
    let root: String
    let app: String

    /// Absolute path of the preview's folder.
    var path: String { root + "/" + app }
    /// Absolute path of the commit's files.
    var checkout: String { path + "/checkout" }

    /// Names of the files in `supervisor/`.
    enum File: String, CaseIterable {
        case machine = "machine.json"
        case settings = "settings.json"
        case release = "release.json"
        case status = "status.json"
        case bootLog = "boot.jsonl"
        case control
        case lock
    }

    /// The longest document that is read back, in bytes.
    private static let limit = 4 << 20

    /// The folder `supervisor/`, or `nil` where there is none.
    func supervisorFolder() throws(FileFailure) -> Folder? {
        try existing { () throws(FileFailure) in
            try Folder.open(path).folder("supervisor")
        }
    }

    /// The folder `supervisor/`, made with what leads to it from ``root`` on.
    func makeSupervisorFolder() throws(FileFailure) -> Folder {
        try Folder.make(root).makeFolder(app).makeFolder("supervisor")
    }

    /// The folder `logs/`, made if need be.
    func makeLogFolder() throws(FileFailure) -> Folder {
        try Folder.make(root).makeFolder(app).makeFolder("logs")
    }

    /// The folder `logs/`, or `nil` where there is none.
    func logFolder() throws(FileFailure) -> Folder? {
        try existing { () throws(FileFailure) in try Folder.open(path).folder("logs") }
    }

    /// Takes away everything of the machine but its logs; the document that names it goes last, so
    /// that a removal that was interrupted is found again.
    func remove() throws(FileFailure) {
        let folder = try existing { () throws(FileFailure) in try Folder.open(path) }
        guard let folder else { return }
        try folder.removeTree("checkout")
        if let supervisor = try supervisorFolder() {
            for name in try supervisor.entryNames() where name != File.machine.rawValue {
                try supervisor.removeTree(name)
            }
        }
        try folder.removeTree("supervisor")
    }

    /// Reads a document; `nil` where there is none, or one of another form, which is as good as
    /// none: everything in these files can be found out or made again.
    static func read<Value: Decodable>(
        _ file: File,
        in folder: Folder,
        as type: Value.Type = Value.self
    ) throws(FileFailure) -> Value? {
        guard let bytes = try folder.read(file.rawValue, limit: limit) else { return nil }
        // A document of another form counts as none: whoever needs it makes it anew.
        return try? JSONReader.read(bytes).decoded()
    }

    /// Writes a document, readable at every instant.
    static func write(
        _ value: some Encodable,
        to file: File,
        in folder: Folder
    ) throws(FileFailure) {
        try folder.write(file.rawValue, bytes(of: value))
    }

    /// The bytes of a document.
    static func bytes(of value: some Encodable) -> [UInt8] {
        do {
            return Array((JSONWriter.pretty(try JSONValue.encoding(value)) + "\n").utf8)
        } catch {
            // The documents hold texts, whole numbers and times, all of which JSON can hold.
            preconditionFailure("a document cannot be encoded: \(error)")
        }
    }

    private func existing(
        _ open: () throws(FileFailure) -> Folder
    ) throws(FileFailure) -> Folder? {
        do {
            return try open()
        } catch {
            if error.cause == .notFound { return nil }
            throw error
        }
    }
}
