/// Folders that hold what tools have made or fetched, never what a person has written
/// (rules section 2).
package enum SkippedFolders {
    private static let names: Set<String> = [
        ".git", "node_modules", "vendor", ".venv", "venv", "__pycache__", "target", "dist", "build",
        ".next", ".nuxt", ".output", ".turbo", "bower_components", "deps", "_build", "pods",
        ".terraform", ".preview",
    ]
    /// A site or program that was built and committed is known by these.
    private static let committedOutput: Set<String> = [
        "index.html", "index.js", "main.js", "server.js",
    ]

    /// Whether detection does not look into a folder of that name (no slashes).
    package static func contains(_ name: String) -> Bool {
        names.contains(name.lowercased())
    }

    /// Of a folder that is not looked into, the files that are still seen: none, or the entry files
    /// of committed output.
    package static func visibleFiles(in name: String) -> Set<String> {
        ["dist", "build"].contains(name.lowercased()) ? committedOutput : []
    }
}
