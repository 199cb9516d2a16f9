import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("The client of Fly.io, beside the machines")
struct FlyClientInsidesTests {
    private let app = FlyClientFixture.app

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

    // MARK: - The platform

    @Test("logs go on where the last page ended, and an empty page says nothing new")
    func logs() async throws {
        var script = GuestScript()
        script.lines = [.init("one"), .init("two")]
        let guest = script
        try await FlyClientFixture.with({ $0.guests = .scripted { _ in guest } }) { fixture in
            let machine = try await fixture.makeStarted()
            var lines: [String] = []
            var place: String?
            let end = ContinuousClock.now + .seconds(20)
            while lines.count < 2 {
                try #require(ContinuousClock.now < end)
                let page = try await fixture.client.logs(
                    of: app, machine: machine.id, after: place)
                lines += page.entries.filter { $0.provider == "app" }.map(\.message)
                    .filter { ["one", "two"].contains($0) }
                place = page.next ?? place
            }
            #expect(lines == ["one", "two"])
            let other = try await fixture.client.logs(of: app, machine: "0", after: place)
            #expect(other.entries.isEmpty)
            let unknown = try await fixture.failure {
                try await fixture.client.logs(of: "nobodys", after: nil)
            }
            #expect(unknown.cause == .unauthorised)
        }
    }

    @Test("the platform tells its regions, what has room, and all machines of an organization")
    func platform() async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            let codes = Set(try await client.regions().filter { !$0.isDeprecated }.map(\.code))
            #expect(codes == Set(Region.all.map(\.code)))
            await fixture.world.setCapacity(fullRegions: ["dfw"])
            let room = try await client.placements(
                of: JSONObject([.init(name: "cpus", value: 1)]), regions: ["dfw", "iad"],
                organization: "personal")
            #expect(room.map(\.region) == ["iad"])
            let machine = try await { () async throws -> FlyMachine in
                try await fixture.makeApp()
                return try await client.createMachine(fixture.creation(regions: ["iad"]))
            }()
            let end = ContinuousClock.now + .seconds(20)
            var census = try await client.machines(ofOrganization: "personal")
            while census.members.isEmpty {
                try #require(ContinuousClock.now < end)
                census = try await client.machines(ofOrganization: "personal")
            }
            #expect(census.members.map(\.app) == [app] && census.missingRegions.isEmpty)
            #expect(census.members.first?.machine.id == machine.id)
            #expect(census.members.first?.machine.metadata == machine.metadata)
        }
    }

    @Test(
        "both kinds of token tell their organization, alone and mixed",
        arguments: ["fm2_known", "oauth-token"])
    func organizations(token: String) async throws {
        try await FlyClientFixture.with({ configuration in
            configuration.organizations = [Organization("acme")]
            configuration.credentials = [Credential(token, organization: "acme")]
        }) { fixture in
            let alone = try await fixture.client.organization()
            #expect(alone == "acme")
            let mixed = FlyClientFixture.client(
                of: fixture.simulator, token: "\(token),other-token,fm2_unknown")
            let slugs = try await mixed.organizations().map(\.slug)
            #expect(slugs == ["acme"])
        }
    }

    @Test("a token for some apps says so, a wrong one is unauthorised")
    func restrictedToken() async throws {
        try await FlyClientFixture.with { configuration in
            configuration.credentials = [
                Credential("fm2_deploy", organization: "personal", apps: ["shop"])
            ]
        } _: { fixture in
            #expect(try await fixture.client.currentOrganizations().map(\.apps) == [["shop"]])
            let app = try await fixture.failure { try await fixture.makeApp() }
            #expect(app.cause == .forbidden && app.isCertain)
            let wrong = FlyClientFixture.client(of: fixture.simulator, token: "fm2_wrong")
            let failure = try await fixture.failure { try await wrong.standing(of: "shop") }
            #expect(failure.cause == .unauthorised && failure.tries == 1)
        }
    }
}
