import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("A folder as detection sees it")
struct FolderSnapshotTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func detect(_ name: String = "app") throws -> Detection {
        Detector.detect(try FolderSnapshot.make(of: fixture.path(name)))
    }

    @Test("it gives what the same files in memory give")
    func sameAsMemory() throws {
        let files = [
            "package.json": #"{"workspaces": ["apps/*"], "private": true}"#,
            "apps/web/package.json": #"{"name": "web", "dependencies": {"next": "15"}}"#,
            "apps/web/next.config.ts": "export default { output: 'export' }",
            "node_modules/vite/package.json": "{}", "dist/index.html": "",
            "a/b/c/d/e/f/g/h.txt": "", ".nvmrc": "22\n",
        ]
        for (path, text) in files { try fixture.write(text, to: "app/\(path)") }
        let memory = RepositorySnapshot(files: files.mapValues { Array($0.utf8) })
        #expect(try detect().json == Detector.detect(memory).json)
        #expect(try detect().apps.map(\.outputDirectory) == ["out"])
    }

    @Test("a link is read inside the folder, never out of it")
    func links() throws {
        try fixture.write(#"{"scripts": {"start": "node secret"}}"#, to: "secret/package.json")
        try fixture.write(#"{"scripts": {"start": "node own"}}"#, to: "app/config/package.json")
        let folder = try Folder.open(fixture.path("app"))
        try folder.makeLink("package.json", to: "../secret/package.json")
        #expect(try detect().projectType == nil)
        try folder.remove("package.json")
        try folder.makeLink("package.json", to: "config/package.json")
        #expect(try detect().commands.start == "npm run start")
        try folder.remove("package.json")
        try folder.makeLink("inside", to: "../secret")
        #expect(try !detect().apps.contains { $0.path == "inside" })
    }

    @Test("of a file of 200 MB only the beginning is read")
    func largeFile() throws {
        try fixture.write("{", to: "app/package.json")
        #expect(truncate(fixture.path("app/package.json"), 200 << 20) == 0)
        let detection = try detect()
        #expect(detection.projectType == "node")
        #expect(detection.warnings.contains("package.json is larger than 1 MiB; it was not read"))
    }

    @Test("another repository inside is told, not looked into")
    func repositoryInside() throws {
        try fixture.write("<p>", to: "app/index.html")
        try fixture.write("gitdir: x", to: "app/theme/.git")
        try fixture.write(#"{"scripts": {"start": "x"}}"#, to: "app/theme/package.json")
        let detection = try detect()
        #expect(detection.apps.isEmpty)
        #expect(detection.warnings == ["submodules are not looked into: theme"])
    }

    @Test("pipes are no files, and a folder that may not be read is left out")
    func otherEntries() throws {
        try fixture.write("<p>", to: "app/index.html")
        try fixture.write("x", to: "app/closed/package.json")
        #expect(mkfifo(fixture.path("app/package.json"), 0o600) == 0)
        #expect(chmod(fixture.path("app/closed"), 0) == 0)
        defer { chmod(fixture.path("app/closed"), 0o700) }
        #expect(try detect().projectType == "static")
    }

    @Test("a folder that is not there is an error")
    func missing() {
        #expect(throws: FileFailure.self) { try FolderSnapshot.make(of: fixture.path("gone")) }
    }
}
