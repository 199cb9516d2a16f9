/// Finds the folders that the globs of a workspace name (rules section 7.1).
enum WorkspaceGlobs {
    /// Members are looked for until so many are found.
    private static let limit = 400

    /// Folders below another that match a glob, match no glob with `!`, and have a manifest; in the
    /// order of the globs.
    static func expand(_ globs: [String], in folder: Folder, manifests: [String]) -> [String] {
        let excluded = globs.filter { $0.hasPrefix("!") }.map { parts(String($0.dropFirst())) }
        var result: [String] = []
        var seen: Set<String> = []
        for glob in globs where !glob.hasPrefix("!") {
            var found: [String] = []
            collect(parts(glob)[...], in: folder, at: "", into: &found)
            for path in found where !path.isEmpty && seen.insert(path).inserted {
                let names = path.split(separator: "/").map(String.init)
                guard manifests.contains(where: { folder.has("\(path)/\($0)") }),
                    !excluded.contains(where: { matches($0[...], names[...]) })
                else { continue }
                result.append(path)
                guard result.count < limit else { return result }
            }
        }
        return result
    }

    private static func parts(_ glob: String) -> [String] {
        glob.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    private static func collect(
        _ glob: ArraySlice<String>,
        in folder: Folder,
        at path: String,
        into result: inout [String]
    ) {
        guard result.count < limit * 4 else { return }
        guard let first = glob.first else {
            result.append(path)
            return
        }
        let rest = glob.dropFirst()
        let inside = folder.folder(path)
        if first == "**" {
            collect(rest, in: folder, at: path, into: &result)
            for name in inside.folderNames where !name.hasPrefix(".") {
                collect(glob, in: folder, at: RelativePath.join(path, name), into: &result)
            }
        } else if first.contains("*") || first.contains("{") || first.contains("?") {
            for name in inside.folderNames where matches(name, first) && !name.hasPrefix(".") {
                collect(rest, in: folder, at: RelativePath.join(path, name), into: &result)
            }
        } else if folder.hasFolder(RelativePath.join(path, first)) {
            collect(rest, in: folder, at: RelativePath.join(path, first), into: &result)
        }
    }

    private static func matches(_ glob: ArraySlice<String>, _ names: ArraySlice<String>) -> Bool {
        guard let first = glob.first else { return names.isEmpty }
        if first == "**" {
            return matches(glob.dropFirst(), names)
                || !names.isEmpty && matches(glob, names.dropFirst())
        }
        guard let name = names.first, matches(name, first) else { return false }
        return matches(glob.dropFirst(), names.dropFirst())
    }

    /// A name and a part of a glob with `*`, `?` and `{a,b}`.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        if let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}")
        {
            let choices = pattern[pattern.index(after: open)..<close].split(separator: ",")
            let (head, tail) = (pattern[..<open], pattern[pattern.index(after: close)...])
            return choices.prefix(20).contains { matches(name, "\(head)\($0)\(tail)") }
        }
        return wildcard(Array(name), Array(pattern))
    }

    /// In linear space and without recursion, so that no pattern can take long.
    private static func wildcard(_ name: [Character], _ pattern: [Character]) -> Bool {
        var (index, position) = (0, 0)
        var star: Int?
        var retry = 0
        while index < name.count {
            if position < pattern.count, pattern[position] == "*" {
                (star, retry) = (position, index)
                position += 1
            } else if position < pattern.count,
                pattern[position] == "?" || pattern[position] == name[index]
            {
                (index, position) = (index + 1, position + 1)
            } else if let star {
                retry += 1
                (index, position) = (retry, star + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == "*" }
    }
}
