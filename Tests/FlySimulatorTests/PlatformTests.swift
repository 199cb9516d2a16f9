import FlySimulator
import PreviewCore
import Testing

@Suite("Logs, regions, placement and organizations (reference, sections 2.6, 8 and 9)")
struct PlatformTests {
    private func logs(
        _ platform: Platform, _ query: String = ""
    ) async -> (messages: [String], next: String, entries: [JSONValue]) {
        let answer = await platform.send(
            "GET", "/api/v1/apps/shop/logs\(query)", surface: .platform)
        let entries = answer.value?["data"]?.array ?? []
        return (
            entries.compactMap { $0["attributes"]?["message"]?.string },
            answer.value?["meta"]?["next_token"]?.string ?? "", entries
        )
    }

    private func makeTalking() async throws -> Platform {
        var script = GuestScript()
        script.lines = [.init("one"), .init("two"), .init(after: .seconds(10), "three")]
        let platform = Platform(guest: script)
        _ = try await platform.makeStarted()
        return platform
    }

    @Test("8.1: oldest first, with provider, machine and region; the cursor gives what came after")
    func follow() async throws {
        let platform = try await makeTalking()
        let first = await logs(platform)
        #expect(first.messages.suffix(2) == ["one", "two"])
        let attributes = first.entries.last?["attributes"]
        #expect(attributes?["meta"]?["event"]?["provider"] == "app")
        #expect(attributes?["region"] == "iad")
        #expect(attributes?["level"] == "info")
        #expect(attributes?["timestamp"]?.string?.count == 30)
        #expect(
            first.entries.contains { $0["attributes"]?["meta"]?["event"]?["provider"] == "runner" })
        #expect(Int64(first.next) ?? 0 > 1_795_500_000_000_000_000)
        let empty = await logs(platform, "?next_token=\(first.next)")
        #expect(empty.messages.isEmpty && empty.next == first.next)
        await platform.pass(.seconds(10))
        let rest = await logs(platform, "?next_token=\(first.next)")
        #expect(rest.messages == ["three"])
    }

    @Test("8.1: at most 100 entries a page: the newest without a cursor, the next ones with one")
    func pages() async throws {
        var script = GuestScript()
        script.lines = (1...250).map { .init("line \($0)") }
        let platform = Platform(guest: script)
        _ = try await platform.makeStarted()
        #expect(await logs(platform).messages.last == "line 250")
        #expect(await logs(platform).messages.count == 100)
        var (seen, cursor) = ([String](), "1")
        for _ in 0..<4 {
            let page = await logs(platform, "?next_token=\(cursor)")
            seen += page.messages
            cursor = page.next
        }
        #expect(seen.suffix(250) == (1...250).map { "line \($0)" })
    }

    @Test("8.1: filtered by machine and region")
    func filters() async throws {
        let platform = try await makeTalking()
        #expect(await logs(platform, "?instance=none").messages.isEmpty)
        #expect(await logs(platform, "?region=syd").messages.isEmpty)
        #expect(await !logs(platform, "?region=iad").messages.isEmpty)
    }

    @Test("8.1: a missing or foreign app answers 401")
    func missing() async {
        let platform = Platform()
        await platform.world.plantApp("theirs", organization: "others")
        for app in ["none", "theirs"] {
            let answer = await platform.send(
                "GET", "/api/v1/apps/\(app)/logs", surface: .platform)
            #expect(answer.status == 401)
        }
    }

    @Test("9: regions under keys with capitals, without a token")
    func regions() async {
        let answer = await Platform().send("GET", "/v1/platform/regions", authorization: nil)
        #expect(answer.value?["Nearest"] == "iad")
        let regions = answer.value?["Regions"]?.array ?? []
        #expect(
            regions.compactMap { $0["code"]?.string }.joined(separator: " ")
                == "ams arn bom cdg dfw ewr fra gru iad jnb lax lhr nrt ord sin sjc syd yyz")
        #expect(regions.allSatisfy { $0["deprecated"] == false })
        #expect(regions.first { $0["code"] == "gru" }?["gateway_available"] == false)
    }

    @Test("9: placements: the first region with room, or what each may have")
    func placements() async {
        let platform = Platform()
        await platform.world.setCapacity(fullRegions: ["sjc"])
        func place(_ body: JSONValue) async -> APIAnswer {
            await platform.send("POST", "/v1/platform/placements", body)
        }
        let placed = await place(["org_slug": "personal", "region": "sjc,lax", "count": 2])
        #expect(placed.value?["Regions"]?.array?.first?["Region"] == "lax")
        #expect(placed.value?["Regions"]?.array?.first?["Count"] == 2)
        let full = await place(["org_slug": "personal", "region": "sjc", "count": 1])
        #expect(full.status == 422 && full.value?["status"] == "insufficient_capacity")
        let any = await place(["org_slug": "personal"])
        #expect(any.value?["Regions"]?.array?.count == 17)
        #expect(await place(["region": "iad"]).status == 400)
    }

    @Test(
        "2.6: GraphQL: organizations; faults come as 200 with errors",
        arguments: [
            ("{ organizations { nodes { slug nonsense } } }", false),
            ("{ nothing }", false), ("{ organizations { nodes { slug }", false), ("", false),
            (
                """
                query Orgs($admin: Boolean = true) {
                  organizations(admin: $admin) { # all of them
                    nodes { id, slug, rawSlug, name, type, viewerRole, billable }
                  }
                }
                """, true
            ),
            (#"{ one: organization(slug: "personal") { rawSlug } }"#, true),
        ])
    func graphQL(query: String, isGood: Bool) async {
        let answer = await Platform().send(
            "POST", "/graphql", ["query": .string(query)], surface: .platform)
        #expect(answer.status == 200)
        #expect((answer.value?["errors"] == nil) == isGood)
        #expect(answer.value?["data"]?.isNull == !isGood)
    }

    @Test("4.13: volumes go with their app")
    func volumes() async throws {
        let platform = Platform()
        await platform.makeApp()
        let path = "/v1/apps/shop/volumes"
        let made = await platform.send("POST", path, ["name": "data", "region": "iad"])
        #expect(made.value?["state"] == "created" && made.value?["size_gb"] == 3)
        let id = try #require(made.value?["id"]?.string)
        #expect(id.hasPrefix("vol_"))
        #expect(await platform.send("GET", "\(path)/\(id)").status == 200)
        #expect(await platform.send("GET", "/v1/apps/shop").value?["volume_count"] == 1)
        _ = await platform.send("DELETE", "/v1/apps/shop?force=true")
        await platform.pass(.seconds(10))
        await platform.makeApp()
        #expect(await platform.send("GET", path).value == [])
    }
}
