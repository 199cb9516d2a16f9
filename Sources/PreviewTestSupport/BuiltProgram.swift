import PreviewSystem
import Testing

/// The program `preview` that was built with the tests.
package enum BuiltProgram {
    /// Its file.
    package static var path: String {
        get throws {
            let tests = try #require(Host.executable)
            let slash = try #require(tests.lastIndex(of: "/"))
            let folder = String(tests[..<slash])
            return try #require(
                [folder + "/preview", ".build/debug/preview"].first(where: KernelFile.exists))
        }
    }

    /// Variables that are the same on every machine.
    package static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8",
    ]
}
