import FlySimulator
import PreviewCore
import Testing

@Suite("Apps (reference, section 2)")
struct AppTests {
    private let platform = Platform()

    @Test(
        "2.1: created with `name` or `app_name`: 201 with id and time only",
        arguments: ["name", "app_name"])
    func create(field: String) async {
        let body: JSONValue = .object(
            JSONObject([
                .init(name: field, value: "shop"), .init(name: "org_slug", value: "personal"),
            ]))
        let answer = await platform.send("POST", "/v1/apps", body)
        #expect(answer.status == 201)
        #expect(answer.value?.object?.names == ["id", "created_at"])
        #expect(answer.value?["created_at"]?.int == 1_795_500_000_000)
        #expect(await platform.send("GET", "/v1/apps/shop").value?["name"] == "shop")
    }

    @Test("2.1: with wait=true the whole app is answered")
    func createAndWait() async {
        let answer = await platform.send(
            "POST", "/v1/apps?wait=true", ["name": "shop", "org_slug": "personal"])
        #expect(answer.status == 201)
        #expect(answer.value?["name"] == "shop")
        #expect(answer.value?["organization"]?["slug"] == "personal")
    }

    @Test(
        "2.1: names of 1 to 62 letters, digits and dashes, fit for DNS",
        arguments: [
            "a", "shop-4f1c9a2e", String(repeating: "a", count: 62),
        ])
    func validNames(name: String) async {
        #expect(await platform.makeApp(name).status == 201)
    }

    @Test(
        "2.1: any other name is 422 with the documented text",
        arguments: [
            "Shop", "my_shop", "shop.", "-shop", "shop-", "1shop", "sh op", "shöp",
            String(repeating: "a", count: 63),
        ])
    func invalidNames(name: String) async {
        let answer = await platform.makeApp(name)
        #expect(answer.status == 422)
        #expect(
            answer.errorText
                == "Validation failed: Name under 63 chars using numbers, lowercase letters and dashes"
        )
    }

    @Test("2.1: a name in use, by us or by others, is 422 with the status name_taken")
    func nameTaken() async {
        await platform.makeApp()
        await platform.world.plantApp("theirs", organization: "others")
        for name in ["shop", "theirs"] {
            let answer = await platform.makeApp(name)
            #expect(answer.status == 422)
            #expect(
                answer.value == [
                    "error": "Validation failed: Name has already been taken",
                    "status": "name_taken",
                ])
        }
    }

    @Test("2.1: an idempotency key gives the first app again, and refuses another name")
    func idempotencyKey() async {
        func create(_ name: JSONValue) async -> APIAnswer {
            await platform.send(
                "POST", "/v1/apps",
                ["name": name, "org_slug": "personal", "idempotency_key": "k1"])
        }
        let first = await create("shop")
        let second = await create("shop")
        let nameless = await create(.null)
        #expect(first.status == 201 && second.status == 201)
        #expect(first.value == second.value && first.value == nameless.value)
        #expect(await create("other").status == 422)
        #expect(await platform.world.counters.apps == 1)
    }

    @Test("2.1: an organization the token is not for is 403, a missing one 400")
    func organization() async {
        let other = await platform.send("POST", "/v1/apps", ["name": "a", "org_slug": "others"])
        #expect(other.status == 403)
        #expect(await platform.send("POST", "/v1/apps", ["name": "a"]).status == 400)
    }

    @Test("2.1: the app limit of an organization is 422 with a message")
    func appLimit() async {
        let platform = Platform {
            $0.organizations[0].appLimit = 1
        }
        #expect(await platform.makeApp("one").status == 201)
        let answer = await platform.makeApp("two")
        #expect(answer.status == 422)
        #expect(answer.value?["status"] == nil)
    }

    @Test("2.2: pending at first, deployed with a machine or an address")
    func status() async throws {
        func status() async -> JSONValue? {
            await platform.send("GET", "/v1/apps/shop").value?["status"]
        }
        await platform.makeApp()
        #expect(await status() == "pending")
        _ = try await platform.makeMachine()
        #expect(await status() == "deployed")
        #expect(await platform.send("GET", "/v1/apps/shop").value?["machine_count"] == 1)
    }

    @Test("2.3: listed by organization, in pages where a limit is given")
    func list() async {
        for name in ["a", "b", "c"] { await platform.makeApp(name) }
        let all = await platform.send("GET", "/v1/apps?org_slug=personal").value
        #expect(all?["total_apps"] == 3)
        #expect(all?["apps"]?.array?.compactMap { $0["name"]?.string } == ["a", "b", "c"])
        #expect(all?["next_cursor"] == nil)
        let first = await platform.send("GET", "/v1/apps?org_slug=personal&limit=2").value
        #expect(first?["apps"]?.array?.count == 2)
        let cursor = first?["next_cursor"]?.string ?? ""
        let next = "/v1/apps?org_slug=personal&limit=2&cursor=\(cursor)"
        let second = await platform.send("GET", next).value
        #expect(second?["apps"]?.array?.compactMap { $0["name"]?.string } == ["c"])
        #expect(second?["next_cursor"] == nil)
        await platform.pass(.seconds(1801))
        #expect(await platform.send("GET", next).status == 400)
    }

    @Test(
        "2.3: the organization is required, a limit from 1 to 5000",
        arguments: [
            "/v1/apps", "/v1/apps?org_slug=personal&limit=0",
            "/v1/apps?org_slug=personal&limit=5001", "/v1/apps?org_slug=personal&cursor=x",
        ])
    func badList(target: String) async {
        #expect(await platform.send("GET", target).status == 400)
    }

    @Test("2.4: deletion is 202 without body, takes machines along, frees the name after a while")
    func delete() async throws {
        let machine = try await platform.makeStarted()
        let answer = await platform.send("DELETE", "/v1/apps/shop?force=true")
        #expect(answer.status == 202 && answer.body.isEmpty)
        #expect(await machine.state == "destroying")
        #expect(await platform.makeApp().status == 422)
        await platform.pass(.seconds(3))
        #expect(await platform.send("GET", "/v1/apps/shop").status == 404)
        #expect(await platform.send("DELETE", "/v1/apps/shop").status == 404)
        #expect(await platform.makeApp().status == 422)
        await platform.pass(.seconds(6))
        #expect(await platform.makeApp().status == 201)
        #expect(await platform.send("GET", "/v1/apps/shop/machines").value == [])
    }

    @Test("2.4: an app with running machines needs force=true")
    func deleteRunning() async throws {
        _ = try await platform.makeStarted()
        #expect(await platform.send("DELETE", "/v1/apps/shop").status == 412)
        #expect(await platform.send("DELETE", "/v1/apps/shop?force=true").status == 202)
    }

    @Test("2.5: a deploy token is good for its app and makes no apps")
    func deployToken() async throws {
        await platform.makeApp()
        await platform.makeApp("other")
        let answer = await platform.send(
            "POST", "/v1/apps/shop/deploy_token", ["expiry": "24h"])
        #expect(answer.status == 200)
        let token = try #require(answer.value?["token"]?.string)
        #expect(token.hasPrefix("FlyV1 fm2_"))
        func status(_ method: String, _ target: String, _ json: JSONValue? = nil) async -> Int {
            await platform.send(method, target, json, authorization: token).status
        }
        #expect(await status("GET", "/v1/apps/shop") == 200)
        #expect(await status("GET", "/v1/apps/other") == 403)
        #expect(await status("POST", "/v1/apps", ["name": "x", "org_slug": "personal"]) == 403)
        #expect(await status("POST", "/v1/apps/shop/deploy_token", [:]) == 403)
        #expect(await status("GET", "/v1/apps/shop/secrets?show_secrets=true") == 403)
    }

    @Test("2.6: tokens/current names the organization and the apps of a macaroon")
    func currentToken() async throws {
        let token = await platform.send("GET", "/v1/tokens/current").value?["tokens"]?.array?.first
        #expect(token?["org_slug"] == "personal")
        #expect(token?["apps"] == [])
        await platform.world.add(Credential("fm2_one", organization: "personal", apps: ["shop"]))
        let limited = await platform.send(
            "GET", "/v1/tokens/current", authorization: "FlyV1 fm2_one")
        #expect(limited.value?["tokens"]?.array?.first?["apps"] == ["shop"])
    }

    @Test("2.6: tokens/current works for macaroons only")
    func currentOAuthToken() async {
        await platform.world.add(Credential("fo1_one", organization: "personal"))
        let answer = await platform.send(
            "GET", "/v1/tokens/current", authorization: "Bearer fo1_one")
        #expect(answer.status == 401)
    }
}
