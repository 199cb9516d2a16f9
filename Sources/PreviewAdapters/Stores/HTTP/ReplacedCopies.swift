import PreviewCore
import PreviewSystem

/// The last five documents of each preview that this machine replaced at a server, in its own folder.
///
/// They have a name of their own: beside a missing `state.json`, earlier versions of it would be damage of
/// a store in files.
struct ReplacedCopies: Sendable {
    let data: DataFolder

    private static let name = "replaced.json"
    private static let most = 5
    /// A record is some kilobytes; anything near this is no record.
    private static let largest = 16 << 20

    /// Keeps a document that is about to be replaced; durable when it returns.
    func keep(_ bytes: [UInt8], of app: String, under serial: Int) throws {
        let folder = try data.makeFolder(of: app)
        try translating {
            try folder.write("\(Self.name).\(serial)", bytes)
            for old in try Self.serials(in: folder).dropLast(Self.most) {
                try folder.remove("\(Self.name).\(old)")
            }
        }
    }

    /// Newest first.
    func all(of app: String) throws -> [KeptBytes] {
        guard let folder = try data.folder(of: app) else { return [] }
        return try translating {
            try Self.serials(in: folder).reversed().compactMap { serial in
                let name = "\(Self.name).\(serial)"
                return try folder.read(name, limit: Self.largest).map {
                    KeptBytes(serial: serial, bytes: $0, place: "\(folder.path)/\(name)")
                }
            }
        }
    }

    /// Forgets a preview's copies.
    func removeAll(of app: String) throws {
        guard let folder = try data.folder(of: app) else { return }
        try translating {
            for serial in try Self.serials(in: folder) {
                try folder.remove("\(Self.name).\(serial)")
            }
        }
    }

    private static func serials(in folder: Folder) throws(FileFailure) -> [Int] {
        try folder.entryNames().compactMap { entry in
            guard entry.hasPrefix(name + ".") else { return nil }
            return Int(entry.dropFirst(name.count + 1))
        }.sorted()
    }
}
