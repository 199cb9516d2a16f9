import PreviewCore
import Testing

@Suite("App names")
struct RepositoryAppNameTests {
    private let repository = RepositoryIdentity(host: "github.com", owner: "acme", name: "shop")

    private func source(
        branch: String = "main",
        path: String = "",
        user: String? = nil
    ) -> SourceDigest {
        SourceDigest(repository: repository, branch: branch, path: path, user: user)
    }

    @Test("D20: the digest is SHA-256 over newline-joined fields, forever")
    func framing() {
        #expect(source().hex == Digest.hex("github.com\nacme\nshop\nmain\n".utf8))
        #expect(
            source(branch: "x", path: "apps/web", user: "ann").hex
                == Digest.hex("github.com\nacme\nshop\nx\napps/web\nann".utf8)
        )
    }

    @Test("D20: the same inputs give the same name, without clock or random part")
    func stable() {
        let name = AppName.candidate("shop", source())
        #expect(name == AppName.candidate("shop", source()))
        #expect(name.description == "shop-\(source().hex.prefix(8))")
    }

    @Test("B3: branch, path and a named user each give another name; the default user does not")
    func differences() {
        let sources = [
            source(), source(branch: "dev"), source(path: "web"), source(user: "ann"),
            source(user: "bob"),
        ]
        #expect(Set(sources.map { AppName.candidate("shop", $0) }).count == sources.count)
        #expect(source(user: nil) == source())
    }

    @Test("D28: further candidates differ and come in a fixed order")
    func candidates() {
        let names = (0..<20).map { AppName.candidate("shop", source(), number: $0) }
        #expect(Set(names).count == 20)
        #expect(names == (0..<20).map { AppName.candidate("shop", source(), number: $0) })
        #expect(names.allSatisfy { $0.description.hasPrefix("shop-") })
    }

    @Test(
        "U6: names are lower case, other characters become one dash, and a letter comes first",
        arguments: [
            ("Shop", "shop"), ("my_shop.web", "my-shop-web"), ("--a--b--", "a-b"),
            ("3d-shop", "app-3d-shop"), ("", "app"), ("日本", "app"), ("café au lait", "caf-au-lait"),
            ("../../etc", "etc"), ("a\nb", "a-b"),
        ]
    )
    func slugs(project: String, slug: String) {
        #expect(
            AppName.candidate(project, source()).description == "\(slug)-\(source().hex.prefix(8))"
        )
    }

    @Test("U6: at most 62 characters, and the hash is kept", arguments: 40...80)
    func length(count: Int) {
        for project in [
            String(repeating: "a", count: count), String(repeating: "a-", count: count),
            String(repeating: "1", count: count),
        ] {
            let name = AppName.candidate(project, source()).description
            #expect(name.utf8.count <= 62)
            #expect(name.hasSuffix("-" + source().hex.prefix(8)))
            #expect(!name.contains("--"))
            #expect(AppName(name)?.description == name)
        }
    }

    @Test(
        "a name from outside that could leave its folder is refused",
        arguments: [
            "", "-a", "a-", "..", ".", "a/b", "A", "a_b", "a b", "é",
            String(repeating: "a", count: 63),
        ]
    )
    func refused(text: String) throws {
        #expect(AppName(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONValue.string(text).decoded(as: AppName.self)
        }
    }

    @Test("a recorded name is a string")
    func coding() throws {
        let name = AppName.candidate("shop", source())
        let recorded = try JSONValue.encoding(name)
        #expect(recorded == .string(name.description))
        #expect(try recorded.decoded(as: AppName.self) == name)
    }

    @Test("B17: the local port is derived from the name; the next ones follow it")
    func ports() {
        for project in ["a", "b", "shop", "web"] {
            let name = AppName.candidate(project, source())
            let ports = (0..<20_000).map { name.localPort(number: $0) }
            #expect(Set(ports) == Set(20_000...39_999))
            #expect(name.localPort() == ports[0])
        }
        #expect(
            AppName.candidate("a", source()).localPort()
                != AppName.candidate("b", source()).localPort()
        )
    }
}
