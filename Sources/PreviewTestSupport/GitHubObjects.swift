import PreviewCore
import PreviewSystem

/// The branches and objects of a real git repository, as a server of GitHub's kind needs them.
package struct GitHubObjects: Sendable {
    /// One line of a recursive listing, folders included.
    struct Entry: Hashable, Sendable {
        var path: String
        var mode: String
        var type: String
        var object: String
    }

    private struct Object: Sendable {
        var type: String
        var content: [UInt8]
    }

    /// Commits by branch.
    package private(set) var branches: [String: String] = [:]
    private var objects: [String: Object] = [:]

    /// Reads everything that a repository has, by git itself.
    package init(
        of folder: String, git: String, environment: [String: String]
    ) async throws {
        func run(_ arguments: String...) async throws -> [UInt8] {
            let command = Command(git, ["-C", folder] + arguments, environment: environment)
            return try await command.run(outputLimit: 256 << 20, timeout: .seconds(60)).output
        }
        let references = try await run(
            "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
        for line in String(decoding: references, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            if parts.count == 2 { branches[parts[1]] = parts[0] }
        }
        objects = Self.objects(try await run("cat-file", "--batch-all-objects", "--batch"))
    }

    private static func objects(_ output: [UInt8]) -> [String: Object] {
        var objects: [String: Object] = [:]
        var rest = output[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let header = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            guard header.count == 3, let size = Int(header[2]) else { break }
            rest = rest[(end + 1)...]
            objects[String(header[0])] = Object(
                type: String(header[1]), content: Array(rest.prefix(size)))
            rest = rest.dropFirst(size + 1)
        }
        return objects
    }

    /// The bytes of a file.
    func blob(_ name: String) -> [UInt8]? {
        guard let object = objects[name], object.type == "blob" else { return nil }
        return object.content
    }

    /// The message of a commit and its tree.
    func commit(_ name: String) -> (message: String, tree: String)? {
        guard let object = objects[name], object.type == "commit" else { return nil }
        let text = String(decoding: object.content, as: UTF8.self)
        guard let space = text.firstRange(of: "\n\n"), text.hasPrefix("tree ") else { return nil }
        let message = text[space.upperBound...]
        return (
            String(message.hasSuffix("\n") ? message.dropLast() : message),
            String(text.dropFirst("tree ".count).prefix { $0 != "\n" })
        )
    }

    /// All that is below a tree, or the tree of a commit; `nil` for anything else.
    func entries(of name: String) -> [Entry]? {
        let tree = commit(name)?.tree ?? name
        guard objects[tree]?.type == "tree" else { return nil }
        return entries(of: tree, in: "")
    }

    private func entries(of tree: String, in folder: String) -> [Entry] {
        var entries: [Entry] = []
        var rest = (objects[tree]?.content ?? [])[...]
        // Mode, space, name, NUL, and the twenty bytes of the object's name (gitformat-tree).
        while let space = rest.firstIndex(of: UInt8(ascii: " ")),
            let end = rest[space...].firstIndex(of: 0), rest.endIndex - end > 20
        {
            let mode = String(decoding: rest[..<space], as: UTF8.self)
            let path = folder + String(decoding: rest[(space + 1)..<end], as: UTF8.self)
            let object = Digest.hexadecimal(rest[(end + 1)...(end + 20)])
            rest = rest[(end + 21)...]
            let type = ["40000": "tree", "160000": "commit"][mode] ?? "blob"
            entries.append(
                Entry(
                    path: path, mode: mode.count == 5 ? "0" + mode : mode, type: type,
                    object: object))
            if type == "tree" { entries += self.entries(of: object, in: path + "/") }
        }
        return entries
    }
}
