import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("The client of Fly.io, call by call")
struct FlyClientTests {
    private let app = FlyClientFixture.app

    // MARK: - Apps

    @Test("an app is made once for a key, listed, found by standing, and goes away")
    func apps() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            await fixture.world.plantApp("theirs", organization: "others")
            #expect(try await client.standing(of: app) == .free)
            #expect(try await client.standing(of: "theirs") == .elsewhere)
            try await fixture.makeApp()
            try await fixture.makeApp()
            #expect(await fixture.world.counters.apps == 2)
            #expect(try await client.standing(of: app) == .ours)
            let found = try await client.app(app)
            #expect(found.organization == "personal" && found.status == "pending")
            #expect(found.machineCount == 0)
            #expect(try await client.apps(of: "personal").map(\.name) == [app])
            let taken = try await fixture.failure {
                try await client.createApp(
                    "theirs", organization: "personal", idempotencyKey: "key-2")
            }
            #expect(taken.cause == .nameTaken && taken.requestID?.isEmpty == false)
            try await client.deleteApp(app)
            let end = ContinuousClock.now + .seconds(20)
            while try await client.standing(of: app) == .ours {
                try #require(ContinuousClock.now < end)
            }
            let gone = try await fixture.failure { try await client.deleteApp(app) }
            #expect(gone.cause == .notFound)
        }
    }

    @Test("the base URL of the Machines API may end in /v1 and in slashes")
    func baseURL() async throws {
        try await FlyClientFixture.with { fixture in
            for suffix in ["", "/", "/v1", "/v1/"] {
                let client = FlyClient(
                    token: FlyToken(SimulatorConfiguration.defaultToken),
                    machinesURL: fixture.simulator.machinesURL + suffix,
                    platformURL: fixture.simulator.platformURL + "/",
                    http: HTTPClient(userAgent: "preview-tests"))
                #expect(try await client.regions().count == 18)
                #expect(try await client.organizations().map(\.slug) == ["personal"])
            }
            // A wrong one is not taken for an app that nobody has.
            let wrong = FlyClient(
                token: FlyToken(SimulatorConfiguration.defaultToken),
                machinesURL: fixture.simulator.machinesURL + "/api",
                http: HTTPClient(userAgent: "preview-tests"))
            let failure = try await fixture.failure { try await wrong.standing(of: app) }
            #expect(failure.cause == .unrouted)
        }
    }

    // MARK: - Addresses and secrets

    @Test("addresses are given, listed and released")
    func addresses() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            try await fixture.makeApp()
            #expect(try await client.addresses(of: app).isEmpty)
            try await client.assignAddress(.sharedV4, to: app)
            try await client.assignAddress(.v6, to: app)
            let addresses = try await client.addresses(of: app)
            #expect(addresses.map(\.kind) == [.sharedV4, .v6])
            #expect(try await client.addressesByGraphQL(of: app) == addresses)
            try await client.releaseAddress(addresses[1].address, of: app)
            #expect(try await client.addresses(of: app) == [addresses[0]])
            let wrong = try await fixture.failure {
                try await client.assignAddress(.other, to: app)
            }
            #expect(wrong.cause == .invalid && wrong.isCertain)
        }
    }

    @Test("a server without the calls for addresses is asked by GraphQL")
    func graphQLFallback() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            try await fixture.makeApp()
            await fixture.world.add(
                Fault(
                    .answer(status: 404, body: "404 page not found\n"),
                    path: "/v1/apps/*/ip_assignments", count: nil))
            try await client.assignAddress(.sharedV4, to: app)
            try await client.assignAddress(.v6, to: app)
            #expect(try await client.addresses(of: app).map(\.kind) == [.sharedV4, .v6])
            let unknown = try await fixture.failure { try await client.addresses(of: "nobodys") }
            #expect(unknown.cause == .notFound && unknown.call == "POST /graphql")
            let wrong = try await fixture.failure {
                try await client.assignAddress(.other, to: app)
            }
            #expect(wrong.cause == .invalid)
        }
    }

    @Test("secrets are set many at once and unset, with the version a machine must see")
    func secrets() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            try await fixture.makeApp()
            let first = try await client.setSecrets(["A": "1", "B": "2"], of: app)
            #expect(first.secrets.map(\.name).sorted() == ["A", "B"])
            let second = try await client.setSecrets(["A": nil, "C": "3"], of: app)
            #expect(second.secrets.map(\.name).sorted() == ["B", "C"])
            let version = try #require(second.version)
            #expect(version > first.version ?? .max)
            let listed = try await client.secrets(of: app, since: version)
            #expect(Set(listed) == Set(second.secrets))
            #expect(listed.allSatisfy { !$0.digest.isEmpty })
            let third = try #require(try await client.unsetSecret("B", of: app))
            #expect(third > version)
            let gone = try await fixture.failure { try await client.unsetSecret("B", of: app) }
            #expect(gone.cause == .notFound)
        }
    }

    // MARK: - Machines

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
}
