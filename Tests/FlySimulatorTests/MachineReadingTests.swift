import FlySimulator
import PreviewCore
import Testing

@Suite("Reading machines (reference, sections 4.3, 4.4 and 4.11)")
struct MachineReadingTests {
    private let platform = Platform()

    private func names(_ query: String) async -> [String] {
        let answer = await platform.send("GET", "/v1/apps/shop/machines\(query)")
        return answer.value?.array?.compactMap { $0["name"]?.string } ?? []
    }

    @Test("4.3: listed by metadata, several meaning all of them, percent-encoded")
    func byMetadata() async throws {
        _ = try await platform.makeMachine(
            ["image": "a", "metadata": ["preview/id": "a b", "kind": "x"]], name: "one")
        _ = try await platform.makeMachine(
            ["image": "a", "metadata": ["preview/id": "a b", "kind": "y"]], name: "two")
        #expect(await names("") == ["one", "two"])
        #expect(await names("?metadata.preview%2Fid=a%20b") == ["one", "two"])
        #expect(await names("?metadata.preview%2Fid=a+b&metadata.kind=y") == ["two"])
        #expect(await names("?metadata.kind=z").isEmpty)
    }

    @Test("4.3: listed by region and by states")
    func byRegionAndState() async throws {
        _ = try await platform.makeMachine(name: "one", body: ["region": "dfw"])
        _ = try await platform.makeMachine(
            name: "two", body: ["region": "ams", "skip_launch": true])
        await platform.pass(.seconds(5))
        #expect(await names("?region=dfw") == ["one"])
        #expect(await names("?state=started") == ["one"])
        #expect(await names("?state=created,started") == ["one", "two"])
        #expect(await names("?state=suspended").isEmpty)
    }

    @Test("4.3: destroyed machines are hidden, unless asked for; destroying ones show")
    func destroyed() async throws {
        let machine = try await platform.makeMachine()
        try await machine.bring(to: "destroying")
        #expect(await names("") == ["web"])
        await platform.pass(.seconds(5))
        #expect(await names("").isEmpty)
        #expect(await names("?include_deleted=true") == ["web"])
    }

    @Test("4.3: pages, the next one's cursor in a header")
    func pages() async throws {
        for name in ["a", "b", "c"] { _ = try await platform.makeMachine(name: name) }
        let path = "/v1/apps/shop/machines?limit=2"
        let first = await platform.send("GET", path)
        #expect(first.value?.array?.count == 2)
        let cursor = try #require(first.header("fly-next-cursor"))
        let second = await platform.send("GET", "\(path)&cursor=\(cursor)")
        #expect(second.value?.array?.compactMap { $0["name"]?.string } == ["c"])
        #expect(second.header("fly-next-cursor") == nil)
        #expect(await platform.send("GET", "/v1/apps/shop/machines?limit=1001").status == 400)
        #expect(await platform.send("GET", "\(path)&cursor=x").status == 400)
    }

    @Test("4.3: a summary has no config, checks, events and host status")
    func summary() async throws {
        _ = try await platform.makeMachine()
        let answer = await platform.send("GET", "/v1/apps/shop/machines?summary=true")
        let machine = try #require(answer.value?.array?.first)
        for name in ["config", "checks", "events", "host_status", "nonce"] {
            #expect(machine[name] == nil)
        }
        #expect(machine["state"] == "created")
    }

    @Test("4.4: a destroyed machine still answers, for an hour; an unknown one never did")
    func afterwards() async throws {
        let machine = try await platform.makeMachine()
        try await machine.bring(to: "destroyed")
        #expect(await machine.value["state"] == "destroyed")
        #expect(await platform.send("GET", "/v1/apps/shop/machines/00000000000000").status == 404)
        await platform.pass(.seconds(3601))
        #expect(await machine.send("GET").status == 404)
    }

    @Test("4.4: an old version reads `replaced` with its own config")
    func oldVersion() async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "", ["config": ["image": "node:24"]]).status == 200)
        let old = await machine.send("GET", "?version=\(machine.version)").value
        #expect(old?["state"] == "replaced")
        #expect(old?["config"]?["image"] == "node:22")
        #expect(await machine.value["config"]?["image"] == "node:24")
        #expect(await machine.send("GET", "?version=none").status == 404)
        let versions = await machine.send("GET", "/versions").value?.array
        #expect(versions?.count == 2)
        #expect(versions?.last?["version"]?.string == machine.version)
        #expect(versions?.last?["user_config"] == Platform.config)
    }

    @Test("a machine of another app is not found under this one")
    func otherApp() async throws {
        let machine = try await platform.makeMachine()
        await platform.makeApp("other")
        let answer = await platform.send("GET", "/v1/apps/other/machines/\(machine.id)")
        #expect(answer.status == 404)
    }

    @Test("4.11: events, newest first, 20 unless asked for up to 50")
    func events() async throws {
        let machine = try await platform.makeStarted()
        let events = await machine.send("GET", "/events").value?.array ?? []
        #expect(events.compactMap { $0["type"]?.string } == ["start", "start", "launch"])
        #expect(
            events.compactMap { $0["status"]?.string } == ["started", "starting", "created"])
        #expect(events[0]["timestamp"]?.int ?? 0 > events[2]["timestamp"]?.int ?? 0)
        #expect(await machine.send("GET", "/events?limit=1").value?.array?.count == 1)
        #expect(await machine.send("GET", "/events?limit=x").status == 400)
    }

    @Test("empty listings on demand: no proof of absence (section 1.8)")
    func emptyListings() async throws {
        _ = try await platform.makeMachine()
        await platform.world.emptyListings(2)
        #expect(await names("").isEmpty)
        #expect(await names("").isEmpty)
        #expect(await names("") == ["web"])
    }

    @Test("2.6: an organization's machines: with metadata, lagging, oldest change first")
    func organizationMachines() async throws {
        func list(_ query: String = "") async -> JSONValue? {
            await platform.send("GET", "/v1/orgs/personal/machines\(query)").value
        }
        _ = try await platform.makeMachine(["image": "a", "metadata": ["k": "v"]], name: "one")
        await platform.pass(.seconds(2))
        _ = try await platform.makeMachine(name: "two", body: ["skip_launch": true])
        #expect(await list()?["machines"] == [])
        await platform.pass(.seconds(4))
        #expect(await list()?["machines"]?.array?.count == 1)
        await platform.pass(.seconds(4))
        let machines = await list()?["machines"]?.array ?? []
        #expect(machines.compactMap { $0["name"]?.string } == ["two", "one"])
        #expect(machines.last?["config"]?["metadata"] == ["k": "v"])
        #expect(machines.last?["app_name"] == "shop")
        #expect(await list("?summary=true")?["machines"]?.array?.first?["config"] == nil)
        #expect(await list()?["error_regions"] == [])
        #expect(await list("?updated_after=2026-11-24T07:00:00Z")?["machines"] == [])
        #expect(await platform.send("GET", "/v1/orgs/others/machines").status == 403)
    }
}
