import PreviewAdapters
import PreviewCore
import Testing

@Suite("SPEC 8: a checkout that another machine is to clone means its origin")
struct GitOriginTests {
    private let fixture: GitFixture
    private var source: GitRepository { fixture.source(isMachineElsewhere: true) }

    init() throws { fixture = try GitFixture() }

    private func makeCheckout() async throws {
        try await fixture.makeRepository("shop")
        try await fixture.git("clone", "--quiet", "--bare", "--", "shop", "host.git")
        try await fixture.git(
            "remote", "add", "origin", "file://\(fixture.path("host.git"))", in: "shop")
    }

    private func head() async throws -> Head {
        try await source.head(of: try reference("./shop"), branch: .named("main"))
    }

    @Test("the commit is that of the checkout, and the address that of the origin")
    func means() async throws {
        try await makeCheckout()
        let head = try await head()
        #expect(head.commit == (try await fixture.git("rev-parse", "HEAD", in: "shop")))
        #expect(head.fetchURL == "file://\(fixture.path("host.git"))")
        let detection = try await source.detect(head, of: try reference("./shop"), path: "")
        #expect(detection.projectType == "static")
    }

    @Test("a commit that the origin has not got fails step 1 with: push it first")
    func notPushed() async throws {
        try await makeCheckout()
        try await fixture.commit(["new.html": "<p>new</p>"], "Not pushed", in: "shop")
        let head = try await head()
        let failure = await #expect(throws: Failure.self) {
            try await source.detect(head, of: try reference("./shop"), path: "")
        }
        #expect(failure?.code == .commitMissing)
        #expect(failure?.fix == "push it first: `git push origin main`")
        try await fixture.git("push", "--quiet", "origin", "main", in: "shop")
        _ = try await source.detect(head, of: try reference("./shop"), path: "")
    }

    @Test("an ssh origin is cloned by https: the machine has nobody's key")
    func ssh() async throws {
        try await fixture.makeRepository("shop")
        try await fixture.git("remote", "add", "origin", "git@github.com:acme/shop.git", in: "shop")
        #expect(try await head().fetchURL == "https://github.com/acme/shop")
    }

    @Test(
        "a folder that only this machine can read is refused with a way out",
        arguments: [true, false])
    func unreachable(isRepository: Bool) async throws {
        if isRepository {
            try await fixture.makeRepository("shop")
        } else {
            try fixture.write("<h1>hello</h1>", to: "shop/index.html")
        }
        let failure = await #expect(throws: Failure.self) { try await head() }
        #expect(failure?.code == .repositoryNotFound)
        #expect(failure?.fix?.contains("--local") == true)
    }
}
