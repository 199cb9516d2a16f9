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

    private static let byteNames = names.map { Array($0.utf8) }

    /// How many bytes of a path detection keeps: all, up to the folder it is too deep in (its slash
    /// included), or none.
    static func keptLength(of path: UnsafeBufferPointer<UInt8>) -> Int {
        var depth = 0
        var start = 0
        for index in path.indices where path[index] == UInt8(ascii: "/") {
            let folder = UnsafeBufferPointer(rebasing: path[start..<index])
            if isSkipped(folder) {
                let name = String(decoding: folder, as: UTF8.self)
                let rest = String(decoding: path[(index + 1)...], as: UTF8.self)
                guard visibleFiles(in: name).contains(rest) else { return 0 }
            }
            if folder.elementsEqual("cache".utf8), path[..<start].elementsEqual(".yarn/".utf8) {
                return 0
            }
            start = index + 1
            depth += 1
            if depth == PathTable.maximumDepth {
                return path[start...].contains(UInt8(ascii: "/")) ? start : path.count
            }
        }
        return path.count
    }

    private static func isSkipped(_ folder: UnsafeBufferPointer<UInt8>) -> Bool {
        byteNames.contains { $0.count == folder.count && $0.elementsEqual(folder) }
    }
}
