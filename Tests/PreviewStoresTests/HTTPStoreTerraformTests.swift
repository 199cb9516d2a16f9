import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "The store http and a real Terraform at one server",
    .enabled(
        if: StateServer.python != nil && StateServer.terraform != nil,
        "needs python3 and .ci/terraform")
)
struct HTTPStoreTerraformTests {
    private let app = "shop-4f1c9a2e"
    private static let variants = [
        ["--tags=strong", "--password=c4n4ry-p4ss"], ["--tags=none", "--password=c4n4ry-p4ss"],
        ["--locks=plain", "--tags=weak", "--password=c4n4ry-p4ss"],
    ]

    /// Runs Terraform with a configuration whose state is the document of the app.
    private func terraform(
        _ arguments: String..., at server: StateServer, _ options: [String]
    ) async throws -> CommandResult {
        let isPlain = options.contains("--locks=plain")
        let document = "\(server.address)/state/\(app)"
        let folder = try Folder.make("\(server.folder)/terraform")
        let configuration = """
            terraform {
              backend "http" {
                address = "\(document)"
                lock_address = "\(document)/lock"
                unlock_address = "\(document)/lock"
                lock_method = "\(isPlain ? "POST" : "LOCK")"
                unlock_method = "\(isPlain ? "DELETE" : "UNLOCK")"
                username = "ci"
                password = "c4n4ry-p4ss"
              }
            }
            output "greeting" { value = "hello" }
            """
        try folder.write("main.tf", Array(configuration.utf8))
        let command = Command(
            try #require(StateServer.terraform), arguments,
            environment: ["CHECKPOINT_DISABLE": "1", "HOME": server.folder, "TF_INPUT": "0"],
            directory: folder.path)
        return try await command.run(timeout: .seconds(60))
    }

    private func eventually(_ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !isSo() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test(
        "while Terraform works we are locked out, shown its holder, and read what it wrote after",
        arguments: variants)
    func terraformHolds(_ options: [String]) async throws {
        try await StateServer.run(options) { server in
            let store = try server.store(password: "c4n4ry-p4ss")
            let started = try await terraform("init", at: server, options)
            try #require(started.ending.isSuccess, "\(started.errorText)")
            // Terraform reads under the lock: there it is held up.
            try await server.plan([("GET", "slow")])
            async let applied = terraform("apply", "-auto-approve", at: server, options)
            // Not asked for before: Terraform gives up where it meets the moment of such a question.
            try await eventually {
                let log = try await server.log()
                let lock = log.firstIndex { $0.contains("\(app)/lock") } ?? log.endIndex
                return log[lock...].contains { $0.hasPrefix("GET") }
            }
            let holder = try #require(try await store.holder(of: app))
            #expect(holder.user != "unknown" && holder.since.seconds > 1_600_000_000, "\(holder)")
            if !options.contains("--locks=plain") {
                #expect(holder.command == "OperationTypeApply")
            }
            let failure = await #expect(throws: Failure.self) {
                _ = try await store.lock(
                    app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            }
            #expect(failure?.code == .locked)
            #expect(failure?.evidence.contains { $0.text.contains(holder.id) } == true)
            try await server.release()
            let result = try await applied
            #expect(result.ending.isSuccess, "\(result.errorText)")
            let state = try JSONReader.read(try #require(try await store.read(app)).bytes)
            #expect(state["outputs"]?["greeting"]?["value"]?.string == "hello")
            #expect(try await store.holder(of: app) == nil)
        }
    }

    @Test("while we work Terraform is locked out and shows our holder", arguments: variants)
    func weHold(_ options: [String]) async throws {
        try await StateServer.run(options) { server in
            let store = try server.store(password: "c4n4ry-p4ss")
            _ = try await terraform("init", at: server, options)
            let lock = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let refused = try await terraform("apply", "-auto-approve", at: server, options)
            #expect(!refused.ending.isSuccess)
            let said = refused.outputText + refused.errorText
            #expect(said.contains("Error acquiring the state lock"), "\(said)")
            // All that this Terraform shows of a lock; it could not if the rest were not as it expects.
            #expect(said.contains("already locked: ID=lock-1"), "\(said)")
            #expect(try await server.document(app) == [])
            await lock.release()
            let applied = try await terraform("apply", "-auto-approve", at: server, options)
            #expect(applied.ending.isSuccess, "\(applied.errorText)")
        }
    }

    @Test("R-14: after `terraform force-unlock` we cannot write what Terraform might overwrite")
    func terraformBreaks() async throws {
        let options = ["--tags=none", "--password=c4n4ry-p4ss"]
        try await StateServer.run(options) { server in
            let store = try server.store(password: "c4n4ry-p4ss")
            _ = try await terraform("init", at: server, options)
            let lock = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            let broken = try await terraform(
                "force-unlock", "-force", "lock-1", at: server, options)
            #expect(broken.ending.isSuccess, "\(broken.errorText)")
            let other = try await server.store(password: "c4n4ry-p4ss", machine: "there").lock(
                app, for: .test("lock-2", host: "there"), timeout: .zero, waiting: { _ in })
            let failure = await #expect(throws: Failure.self) {
                _ = try await store.write(document(2), for: app, replacing: version, keeping: 1)
            }
            #expect(failure?.code == .lockLost)
            await lock.release()
            await other.release()
            #expect(try await server.document(app) == document(1))
        }
    }
}
