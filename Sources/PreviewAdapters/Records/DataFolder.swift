import PreviewCore
package import PreviewSystem

/// The folder beside `preview.yaml` in which this machine keeps what belongs to its previews: logs,
/// checkouts, the server's tokens and, with the store `file`, the records themselves.
///
/// Folders are 0700, and nothing in them is ever checked in.
package struct DataFolder: Sendable {
    /// Such as `/home/ann/shop/.preview`.
    package let path: String

    package init(path: String) { self.path = path }

    /// Opens the folder of one preview, making it and the one above; for logs and the local provider.
    package func makeFolder(of app: String) throws -> Folder {
        let root = try makeRoot()
        return try translating { try root.makeFolder(app) }
    }

    /// Opens the folder of all records, making it.
    func makeRoot() throws -> Folder {
        try translating {
            let isNew = !exists()
            let root = try Folder.make(path)
            if isNew { try root.write(".gitignore", Array("*\n".utf8)) }
            return root
        }
    }

    /// Names of all previews that have a folder here, in no order.
    package func names() throws -> [String] {
        try translating {
            let root: Folder
            do throws(FileFailure) {
                root = try Folder.open(path)
            } catch {
                guard error.cause == .notFound else { throw error }
                return []
            }
            // A file that somebody left here is no record; a link in a record's place is reported.
            return try root.entries().filter { $0.kind != .file && AppName($0.name) != nil }
                .map(\.name)
        }
    }

    /// Opens the folder of one preview if it is there; makes nothing.
    package func folder(of app: String) throws -> Folder? {
        try translating {
            do throws(FileFailure) {
                return try Folder.open(path).folder(app)
            } catch {
                guard error.cause == .notFound else { throw error }
                return nil
            }
        }
    }

    /// Length of a log, and something that is another one after each save of the record.
    func mark(of app: String, log name: String) throws -> (size: Int, record: String) {
        guard let folder = try folder(of: app) else { return (0, "") }
        return try translating {
            let record = try folder.file(FileStore.document).map { file in
                "\(file.modifiedUnixMilliseconds)-\(try file.size())"
            }
            return (try folder.file(name)?.size() ?? 0, record ?? "")
        }
    }

    private func exists() -> Bool {
        // Whatever else hinders opening it is reported by the write that follows.
        (try? Folder.open(path, ownedBy: .any)) != nil
    }
}
