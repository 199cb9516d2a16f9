/// Folders that hold what tools have made or fetched, never what a person has written
/// (rules section 2).
package enum SkippedFolders {
    private static let names: Set<String> = [
        ".git", "node_modules", "vendor", ".venv", "venv", "__pycache__", "target", "dist", "build",
        ".next", ".nuxt", ".output", ".turbo", "bower_components", "deps", "_build", "Pods",
        ".terraform", ".preview",
    ]
    /// A site or program that was built and committed is known by these.
    private static let committedOutput: Set<String> = [
        "index.html", "index.js", "main.js", "server.js",
    ]

    /// Whether detection does not look into a folder of that name (no slashes).
    package static func contains(_ name: String) -> Bool {
        names.contains(name)
    }

    /// Of a folder that is not looked into, the files that are still seen: none, or the entry files
    /// of committed output.
    package static func visibleFiles(in name: String) -> Set<String> {
        name == "dist" || name == "build" ? committedOutput : []
    }

    /// How much of a path detection keeps: all of it, the folder it is too deep in (ending in `/`),
    /// or nothing.
    static func kept(of path: String.UTF8View) -> Substring.UTF8View? {
        var depth = 0
        var start = path.startIndex
        var folder = Substring()
        while let slash = path[start...].firstIndex(of: UInt8(ascii: "/")) {
            folder = Substring(path[start..<slash])
            if contains(String(folder)) {
                let rest = String(Substring(path[path.index(after: slash)...]))
                guard visibleFiles(in: String(folder)).contains(rest) else { return nil }
            }
            if folder == "cache", path[..<start].elementsEqual(".yarn/".utf8) { return nil }
            start = path.index(after: slash)
            depth += 1
            if depth == PathTable.maximumDepth { return keptDeep(path, from: start) }
        }
        return Substring(path[...]).utf8
    }

    private static func keptDeep(
        _ path: String.UTF8View, from start: String.Index
    ) -> Substring.UTF8View {
        let isDeeper = path[start...].contains(UInt8(ascii: "/"))
        return isDeeper ? Substring(path[..<start]).utf8 : Substring(path[...]).utf8
    }
}
