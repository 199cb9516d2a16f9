import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Recognising a project at a commit")
struct GitDetectionTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private let files = [
        "package.json": #"{"scripts":{"dev":"next dev","build":"next build"},"#
            + #""dependencies":{"next":"15.0.0"}}"#,
        "package-lock.json": "{}", "pages/index.js": "export default () => null\n",
        "apps/web/index.html": "<h1>hello</h1>\n", "node_modules/x/index.js": "",
    ]

    private func detect(
        _ address: String,
        path: String = "",
        environment: [String: String] = [:]
    ) async throws -> Detection {
        let source = fixture.source(environment)
        let head = try await source.head(of: try reference(address), branch: .named("main"))
        return try await source.detect(head, of: try reference(address), path: path)
    }

    @Test("D3: an address, a checkout, a bare repository and a plain folder give the same answer")
    func sameAnswer() async throws {
        try await fixture.makeRepository("shop", files)
        try await fixture.git("clone", "--quiet", "--bare", "shop", "bare.git")
        let expected = try await detect("./shop")
        #expect(expected.projectType == "next")
        #expect(expected.scripts == ["dev", "build"])
        // Uncommitted changes are not part of the commit.
        try fixture.write("{}", to: "shop/package.json")
        let address = "file://\(fixture.path("shop"))"
        #expect(try await detect("./shop") == expected)
        #expect(try await detect("./bare.git") == expected)
        #expect(try await detect(address) == expected, "a host without partial clones")
        try await fixture.git("config", "uploadpack.allowFilter", "true", in: "shop")
        #expect(try await detect(address) == expected, "a host with partial clones")
        for (path, text) in files { try fixture.write(text, to: "plain/\(path)") }
        let plain = try await detect("./plain")
        #expect(plain.projectType == expected.projectType)
        #expect(plain.commands == expected.commands)
        #expect(plain.evidence == expected.evidence)
    }

    @Test("a host that gives out names but no single files is asked for everything")
    func namesOnly() async throws {
        try await fixture.makeRepository("shop", files)
        try await fixture.git("config", "uploadpack.allowFilter", "true", in: "shop")
        try fixture.write("[protocol]\n\tversion = 0\n", to: "gitconfig")
        let old = ["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")]
        let detection = try await detect("file://\(fixture.path("shop"))", environment: old)
        #expect(detection == (try await detect("./shop")))
    }

    @Test("PV0210: a path that is not in the commit is an error that names the closest")
    func missingPath() async throws {
        try await fixture.makeRepository("shop", files)
        for (path, text) in files { try fixture.write(text, to: "plain/\(path)") }
        for address in ["./shop", "file://\(fixture.path("shop"))", "./plain"] {
            let failure = await #expect(throws: Failure.self) {
                try await detect(address, path: "apps/wbe")
            }
            #expect(failure?.code == .pathNotFound)
            #expect(failure?.evidence.first?.text.contains("apps/web") == true)
            let found = try await detect(address, path: "apps/web")
            #expect(found.projectType == "static")
        }
    }

    @Test("D12: a repository without anything to read is unknown, not an error")
    func nothingToRead() async throws {
        try await fixture.makeRepository("shop", ["notes/a.txt": "1"])
        let detection = try await detect("file://\(fixture.path("shop"))")
        #expect(detection.projectType == nil)
    }

    @Test("links are read as links, other repositories are not looked into")
    func shapes() async throws {
        try await fixture.makeRepository("library")
        try await fixture.makeRepository("shop", ["real.json": files["package.json"] ?? ""])
        try Folder.open(fixture.path("shop")).makeLink("package.json", to: "real.json")
        try await fixture.git(
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "--quiet",
            "../library",
            "lib",
            in: "shop"
        )
        try await fixture.commit([:], "Shapes", in: "shop")
        let detection = try await detect("./shop")
        #expect(detection.warnings.contains { $0.contains("lib") })
        #expect(detection == (try await detect("file://\(fixture.path("shop"))")))
    }

    @Test("a file too large to be read is known by its head only")
    func largeFile() async throws {
        let filler = String(repeating: " ", count: RepositorySnapshot.maximumFileSize)
        try await fixture.makeRepository(
            "shop",
            ["package.json": (files["package.json"] ?? "") + filler, "yarn.lock": filler]
        )
        let detection = try await detect("./shop")
        #expect(detection.language == "javascript" || !detection.warnings.isEmpty)
    }

    @Test("PV0207: a commit that is gone is an error that says so")
    func missingCommit() async throws {
        try await fixture.makeRepository("shop", files)
        let address = "file://\(fixture.path("shop"))"
        let head = Head(
            commit: String(repeating: "12", count: 20),
            branch: "main",
            fetchURL: address
        )
        let failure = await #expect(throws: Failure.self) {
            try await fixture.source().detect(head, of: try reference(address), path: "")
        }
        #expect(failure?.code == .commitMissing)
    }

    @Test("nothing stays in the temporary folder, neither after success nor after failure")
    func cleansUp() async throws {
        try await fixture.makeRepository("shop", files)
        let before = try fixture.names()
        _ = try await detect("file://\(fixture.path("shop"))")
        await #expect(throws: Failure.self) {
            try await detect("file://\(fixture.path("shop"))", path: "nowhere")
        }
        #expect(try fixture.names() == before)
    }

    @Test(
        "SPEC 5: of a remote repository only what detection reads is fetched",
        .enabled(if: GitServer.isAvailable, "needs python3 and openssl")
    )
    func fetchesLittle() async throws {
        let noise = (0..<60_000).map { Digest.hex("\($0)".utf8) }.joined()
        try await fixture.makeRepository("shop", files.merging(["video.mp4": noise]) { $1 })
        try await fixture.git("config", "uploadpack.allowFilter", "true", in: "shop")
        try await GitServer.run(for: fixture) { server in
            let found = try await detect(
                "https://\(server.host)/open/shop",
                environment: ["GIT_SSL_CAINFO": server.certificate]
            )
            #expect(found.projectType == "next")
            let answers = try #require(try fixture.read(server.answers)).split(separator: "\n")
            let bytes = answers.compactMap { Int($0) }.reduce(0, +)
            #expect(bytes > 0 && bytes < 20_000)
        }
    }
}
