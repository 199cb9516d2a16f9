import FlySimulator
import PreviewAdapters
import PreviewCore
import Testing

@Suite("The client of Fly.io, on machines")
struct FlyClientMachineTests {
    private let app = FlyClientFixture.app

    @Test("R-4: a machine is made without launch, and its name is given once")
    func creation() async throws {
        try await FlyClientFixture.with { fixture in
            var creation = fixture.creation()
            creation.leaseSeconds = 30
            try await fixture.makeApp()
            let machine = try await fixture.client.createMachine(creation)
            #expect(machine.name == "web" && machine.region == "dfw" && machine.isResting)
            #expect(machine.metadata["preview_lineage"] == "a&b=c/d" && machine.nonce != nil)
            #expect(machine.version.count == 26 && machine.imageDigest != nil)
            let again = try await fixture.failure {
                try await fixture.client.createMachine(creation)
            }
            #expect(again.cause == .machineNameTaken(id: machine.id))
        }
    }

    @Test("machines are listed by metadata, region and state, on all pages, gone ones if asked")
    func listing() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let first = try await fixture.makeMachine(name: "one")
            let second = try await client.createMachine(
                .init(
                    app: app, name: "two", regions: ["lhr"],
                    config: JSONObject([.init(name: "image", value: "node:22")]),
                    skipsLaunch: true))
            func list(_ change: (inout FlyMachineFilter) -> Void) async throws -> [String] {
                var filter = FlyMachineFilter()
                change(&filter)
                return try await client.machines(of: app, where: filter).map(\.name).sorted()
            }
            #expect(try await list { _ in } == ["one", "two"])
            #expect(try await list { $0.metadata = ["preview_lineage": "a&b=c/d"] } == ["one"])
            #expect(
                try await list { $0.metadata = ["preview_lineage": "a&b=c/d", "other": "y"] } == [])
            #expect(try await list { $0.region = "lhr" } == ["two"])
            #expect(try await list { $0.states = ["started", "suspended"] } == [])
            try await client.deleteMachine(second.id, in: app)
            #expect(
                try await client.wait(
                    for: ["destroyed"], of: second.id, version: nil, in: app, seconds: 20)
                    == .reached("destroyed"))
            #expect(try await list { _ in } == ["one"])
            #expect(try await list { $0.includesDestroyed = true } == ["one", "two"])
            let nonce = try await client.takeLease(
                on: first.id, in: app, for: .seconds(30), description: "test")
            var filter = FlyMachineFilter()
            filter.includesLeases = true
            let leases = try await client.machines(of: app, where: filter).map(\.lease?.description)
            #expect(leases == ["test"] && !nonce.isEmpty)
        }
    }

    @Test("R-14: an update carries the whole config and the version it is meant for")
    func update() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeMachine()
            let vault = try await client.setSecrets(["A": "1"], of: app)
            var config = machine.config
            config["env"] = ["LOG": "debug"]
            config["x_of_others"] = ["kept": true]
            var update = FlyMachineUpdate(
                app: app, id: machine.id, config: config, currentVersion: machine.version,
                skipsLaunch: true, secretsVersion: vault.version)
            let next = try await client.updateMachine(update)
            #expect(next.id == machine.id && next.version != machine.version)
            _ = try await client.wait(
                for: ["settled"], of: machine.id, version: next.version, in: app, seconds: 20)
            let seen = try await client.machine(machine.id, of: app)
            #expect(seen.config["env"] == ["LOG": "debug"] && seen.isResting)
            #expect(seen.config["x_of_others"] == ["kept": true])
            let stale = try await fixture.failure { try await client.updateMachine(update) }
            #expect(stale.cause == .staleVersion && stale.isCertain)
            update.currentVersion = seen.version
            update.config["image"] = nil
            let bad = try await fixture.failure { try await client.updateMachine(update) }
            #expect(bad.cause == .invalid)
            #expect(try await client.machine(machine.id, of: app).version == seen.version)
        }
    }

    @Test("a conflict of an update that nobody described is a stale version")
    func undescribedConflict() async throws {
        try await FlyClientFixture.with { fixture in
            let machine = try await fixture.makeMachine()
            await fixture.world.add(
                Fault(.answer(status: 409, body: #"{"error":"aborted: something"}"#)))
            let failure = try await fixture.failure {
                try await fixture.client.updateMachine(
                    .init(
                        app: app, id: machine.id, config: machine.config, currentVersion: "01A",
                        skipsLaunch: true))
            }
            #expect(failure.cause == .staleVersion)
        }
    }

    @Test("a machine starts, suspends, restarts, stops and is destroyed, and still answers then")
    func life() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeStarted()
            func wait(_ state: String) async throws -> FlyClient.Wait {
                try await client.wait(
                    for: [state], of: machine.id, version: machine.version, in: app, seconds: 20)
            }
            #expect(machine.isRunning)
            try await client.suspend(machine.id, in: app)
            #expect(try await wait("suspended") == .reached("suspended"))
            try await fixture.start(machine)
            try await client.restart(machine.id, in: app, signal: "SIGTERM", grace: .seconds(2))
            let stop = try await fixture.failure {
                try await client.suspend(machine.id, in: app)
            }
            #expect(stop.cause == .wrongState && stop.status == 412)
            #expect(try await wait("started") == .reached("started"))
            try await client.stop(machine.id, in: app, signal: "SIGTERM", grace: .seconds(3))
            #expect(try await wait("stopped") == .reached("stopped"))
            let exit = try await client.machine(machine.id, of: app).lastExit
            #expect(exit?.wasRequested == true && exit?.code == 0)
            try await client.deleteMachine(machine.id, in: app)
            #expect(try await wait("destroyed") == .reached("destroyed"))
            let end = ContinuousClock.now + .seconds(20)
            while try await !client.machine(machine.id, of: app).isDestroyed {
                try #require(ContinuousClock.now < end)
            }
            let gone = try await fixture.failure {
                try await client.deleteMachine(machine.id, in: app)
            }
            #expect(gone.cause == .notFound)
        }
    }

    @Test("a wait says how it ended")
    func waits() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeMachine()
            func wait(
                _ states: [String], id: String? = nil, version: String? = nil
            ) async throws -> FlyClient.Wait {
                try await client.wait(
                    for: states, of: id ?? machine.id, version: version, in: app, seconds: 1)
            }
            #expect(try await wait(["started"]) == .ranOut)
            #expect(
                await fixture.count("GET", "/v1/apps/shop/machines/\(machine.id)/wait") == 1,
                "R-31: time that runs out is no failure to be repeated")
            #expect(try await wait(["started"], id: "00000000000000") == .gone)
            let missing = try await fixture.failure { try await wait(["stopped"]) }
            #expect(missing.cause == .invalid)
            _ = try await client.updateMachine(
                .init(
                    app: app, id: machine.id, config: machine.config,
                    currentVersion: machine.version, skipsLaunch: true))
            #expect(try await wait(["started"], version: machine.version) == .superseded)
            try await client.deleteMachine(machine.id, in: app)
            #expect(try await wait(["started"]) == .impossible)
        }
    }

    // MARK: - Leases, metadata, insides

    @Test("R-14: a lease keeps others out until it is given back, and can be made longer")
    func leases() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeMachine()
            #expect(try await client.lease(on: machine.id, in: app) == nil)
            let nonce = try await client.takeLease(
                on: machine.id, in: app, for: .seconds(30), description: "preview k")
            try await client.refreshLease(nonce, on: machine.id, in: app, for: .seconds(60))
            let lease = try #require(try await client.lease(on: machine.id, in: app))
            #expect(lease.description == "preview k" && lease.nonce == nil)
            for call in [
                {
                    _ = try await client.takeLease(
                        on: machine.id, in: app, for: .seconds(5), description: "")
                },
                { try await client.start(machine.id, in: app) },
                { try await client.stop(machine.id, in: app) },
                { try await client.restart(machine.id, in: app) },
                { try await client.deleteMachine(machine.id, in: app) },
                {
                    _ = try await client.updateMachine(
                        .init(
                            app: app, id: machine.id, config: machine.config,
                            currentVersion: machine.version, skipsLaunch: true))
                },
            ] as [() async throws -> Void] {
                #expect(try await fixture.failure(of: call).cause == .leaseHeld)
            }
            try await client.stop(machine.id, in: app, nonce: nonce)
            try await client.releaseLease(nonce, on: machine.id, in: app)
            let again = try await fixture.failure {
                try await client.releaseLease(nonce, on: machine.id, in: app)
            }
            #expect(again.cause == .notFound)
            try await client.deleteMachine(machine.id, in: app)
        }
    }

    @Test("metadata changes without a new version, for the version it is meant for")
    func metadata() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeMachine()
            try await client.setMetadata(
                ["preview_expires": "never", "other": ""], of: machine.id, in: app,
                version: machine.version)
            #expect(
                try await client.metadata(of: machine.id, in: app)
                    == ["preview_expires": "never", "preview_lineage": "a&b=c/d"])
            try await client.deleteMetadata("preview_expires", of: machine.id, in: app)
            #expect(
                try await client.metadata(of: machine.id, in: app)
                    == ["preview_lineage": "a&b=c/d"])
            let stale = try await fixture.failure {
                try await client.setMetadata(
                    ["a": "b"], of: machine.id, in: app, version: "01OTHER")
            }
            #expect(stale.cause == .staleVersion)
            #expect(try await client.machine(machine.id, of: app).version == machine.version)
        }
    }

    @Test("a running machine shows its events and processes, and runs commands")
    func insides() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let machine = try await fixture.makeStarted()
            let events = try await client.events(of: machine.id, in: app)
            #expect(events.last?.kind == "launch" && events.count >= 2)
            #expect(try await client.events(of: machine.id, in: app, limit: 1) == [events[0]])
            let processes = try await client.processes(of: machine.id, in: app)
            #expect(processes.first?.listensOn == ["0.0.0.0:3000"])
            await fixture.world.setExecResult(
                ExecResult(code: 3, output: "out", errorOutput: "err"), ofMachine: machine.id)
            let result = try await client.execute(["sh", "-c", "x"], on: machine.id, in: app)
            #expect(result.status == 3 && result.output == "out" && result.errors == "err")
            let long = try await fixture.failure {
                try await client.execute(
                    ["sh", "-c", String(repeating: "x", count: 20_000)], on: machine.id, in: app)
            }
            #expect(long.cause == .invalid)
        }
    }
}
