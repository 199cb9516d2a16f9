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
