import FlySimulator
import FoundationEssentials
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// The boot script on an executed machine, from the first start to the second.
@Suite("The boot script on the platform")
struct BootScriptTests {
    @Test(
        "D38, D50 to D55: boots a commit, answers through the proxy, rests when idle, wakes again")
    func life() async throws {
        let executed = try Executed()
        let repository = try await Repository()
        let simulator = try await FlySimulator.start(executed.configuration)
        let shop = Executed(simulator.world, app: "shop")
        var config = executed.serving(8080)
        let variables = repository.variables
        config["env"] = .object(
            JSONObject(
                variables.merging(["PORT": "8080", "HOST": "0.0.0.0"]) { $1 }
                    .map { .init(name: $0.key, value: .string($0.value)) }))
        config["files"] = .array(BootScript.files)
        config["restart"] = ["policy": "on-failure"]
        config["rootfs"] = ["persist": "always"]
        try await shop.boot("", exec: BootScript.command, config: config, isPublic: true)
        let client = HTTPClient(userAgent: "tests")
        let url = simulator.appURLTemplate.replacing("{app}", with: "shop") + "/"
        try await executed.eventually {
            // Until its name resolves there is no connection.
            (try? await client.send(HTTPRequest("GET", url)))?.body == Array("shop\n".utf8)
        }
        try await shop.until("stopped")
        #expect(await shop.exitEvent()?["exit_code"] == 0)
        #expect(await shop.exitEvent()?["requested_stop"] == false)
        let first = try await shop.events()
        #expect(first.contains(.stopped(.idle)))
        // Somebody comes: the machine wakes, and does not build again.
        let answer = try await client.send(HTTPRequest("GET", url, timeout: .seconds(60)))
        #expect(answer.status == 200 && answer.body == Array("shop\n".utf8))
        try await executed.eventually {
            // The proxy does not wait for what the script finds out.
            (try? await shop.events())?.count { $0 == .ready(status: 200) } == 2
        }
        #expect(try await shop.events().count { $0 == .output("building", .build) } == 1)
        await simulator.stop()
        await executed.end()
    }
}

extension Executed {
    /// What the log tells a follower.
    fileprivate func events() async throws -> [BootMarkers.Event] {
        var markers = BootMarkers(key: Repository.key)
        return try await log().flatMap { markers.read($0) }
    }
}

/// A repository with a page, removed with its last reference.
private final class Repository: Sendable {
    static let key = "k3vabcdefgh01234"

    private let folder: String
    private let commit: String

    init() async throws {
        let suffix = Digest.hexadecimal(Moment.randomBytes(6))
        folder = FileManager.default.temporaryDirectory.path + "/flysim-shop-\(suffix)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let script = """
            git init --quiet --initial-branch=main && echo shop >index.html && git add --all &&
                git -c user.name=A -c user.email=a@example.org commit --quiet --message=First &&
                git rev-parse HEAD
            """
        let result = try await Command(
            "/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], directory: folder
        ).run()
        try #require(result.ending.isSuccess, "\(result.errorText)")
        commit = String(result.outputText.prefix { $0 != "\n" })
    }

    deinit {
        // Whatever is left is in the system's folder for such things.
        try? FileManager.default.removeItem(atPath: folder)
    }

    var variables: [String: String] {
        var lifecycle = Config.Lifecycle()
        lifecycle.idleTimeout = 2
        let release = Release(
            fetchURL: "file://" + folder, branch: "main", commit: commit, path: "", install: nil,
            build: "echo building", start: "exec python3 -u -m http.server --bind $HOST $PORT",
            staticRoot: nil, platform: PreviewCore.Platform(), port: 8080, previewVariables: [:],
            settingsRevision: "r1", health: .init(), timeouts: .init())
        return BootScript.variables(for: release, key: Self.key).merging(
            BootScript.variables(for: lifecycle, expiresAt: nil, checkInterval: nil)
        ) { $1 }
    }
}
