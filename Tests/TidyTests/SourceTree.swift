import PreviewSystem

/// The checkout these tests were built from.
enum SourceTree {
    /// The absolute path of the top folder.
    static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// Every Swift file of `Sources`, read once.
    static let sources: [SwiftSource] = swiftFiles(below: "Sources")
    /// Every Swift file of `Tests`, read once.
    static let tests: [SwiftSource] = swiftFiles(below: "Tests")

    /// The paths, relative to the top, of all files below a folder. What is built, recorded or
    /// kept by git is not looked at.
    static func files(below folder: String) throws -> [String] {
        let entries = try Folder.open("\(root)/\(folder)", ownedBy: .any).entries()
        return try entries.flatMap { entry -> [String] in
            let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
            switch entry.kind {
            case .file: return [path]
            case .folder where !skipped.contains(entry.name): return try files(below: path)
            case .folder, .symbolicLink, .other: return []
            }
        }
    }

    /// The names of the folders in a folder.
    static func folders(in folder: String) throws -> [String] {
        try Folder.open("\(root)/\(folder)", ownedBy: .any).entries()
            .filter { $0.kind == .folder && !skipped.contains($0.name) }.map(\.name)
    }

    /// The text of a file of the tree; empty where there is none.
    static func text(of path: String) throws -> String {
        let parts = path.split(separator: "/")
        let folder = ([root] + parts.dropLast().map(String.init)).joined(separator: "/")
        let bytes = try Folder.open(folder, ownedBy: .any)
            .read(parts.last.map(String.init) ?? "", limit: 64 << 20)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    private static let skipped: Set = [".git", ".build", ".preview", "node_modules", ".venv"]

    private static func swiftFiles(below folder: String) -> [SwiftSource] {
        do {
            return try files(below: folder).filter { $0.hasSuffix(".swift") }.map {
                SwiftSource(path: $0, text: try text(of: $0))
            }
        } catch {
            preconditionFailure("the source tree cannot be read: \(error)")
        }
    }
}

/// A place that breaks a rule, shown as `file:line: what`.
struct Finding: CustomStringConvertible {
    var path: String
    /// From 1.
    var line: Int
    var text: String

    var description: String { "\(path):\(line): \(text)" }
}

extension [Finding] {
    /// All findings, one a line, for a test's message.
    var report: String { "\n" + map(\.description).joined(separator: "\n") }
}
