import FlySimulator
import PreviewCore
import Testing

@Suite("Transport (reference, section 1)")
struct TransportTests {
    @Test(
        "1.5: an unrouted path or method is 404 in plain text, before the token is looked at",
        arguments: [
            ("GET", "/v2/apps"), ("GET", "/v1"), ("PUT", "/v1/apps"), ("GET", "/v1/apps/"),
            ("POST", "/v1/apps/shop/machines/abc/explode"), ("PATCH", "/v1/apps/shop"),
            ("GET", "/graphql"),
        ])
    func unrouted(method: String, path: String) async {
        let answer = await Platform().send(method, path, authorization: nil)
        #expect(answer.status == 404)
        #expect(String(decoding: answer.body, as: UTF8.self) == "404 page not found\n")
        #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
    }

    @Test(
        "1.2 and 1.5: a missing, unknown or malformed token is 401",
        arguments: [
            nil, "", "Bearer", "Bearer fm2_unknown", "Basic \(Platform.token)", Platform.token,
            "FlyV1 fo1_oauth", "Bearer \(Platform.token),fm2_discharge",
            "FlyV1 \(Platform.token),fo1_oauth",
        ])
    func unauthenticated(authorization: String?) async {
        let platform = Platform {
            $0.credentials.append(.init("fo1_oauth", organization: "personal"))
        }
        let answer = await platform.send("GET", "/v1/apps/shop", authorization: authorization)
        #expect(answer.status == 401)
        #expect(answer.value == ["error": "Authenticate: token validation error"])
    }

    @Test(
        "1.2: macaroons go by FlyV1, alone or with discharges, one by Bearer; OAuth by Bearer",
        arguments: [
            "FlyV1 \(Platform.token)", "FlyV1 \(Platform.token),fm2_discharge",
            "FlyV1 fm2_discharge,\(Platform.token)", "Bearer \(Platform.token)", "Bearer fo1_oauth",
            "bearer fo1_oauth",
        ])
    func authenticated(authorization: String) async {
        let platform = Platform {
            $0.credentials.append(.init("fo1_oauth", organization: "personal"))
        }
        let answer = await platform.send(
            "GET", "/v1/apps?org_slug=personal", authorization: authorization)
        #expect(answer.status == 200)
    }

    @Test("1.2: GraphQL takes both kinds in one header")
    func mixedForGraphQL() async {
        let answer = await Platform().send(
            "POST", "/graphql", ["query": "{ organizations { nodes { slug } } }"],
            surface: .platform, authorization: "FlyV1 \(Platform.token),fo1_other")
        #expect(answer.value?["data"]?["organizations"]?["nodes"] == [["slug": "personal"]])
    }

    @Test("1.2: a mixed header is 401 for logs")
    func mixedForLogs() async {
        let platform = Platform()
        await platform.makeApp()
        let answer = await platform.send(
            "GET", "/api/v1/apps/shop/logs", surface: .platform,
            authorization: "FlyV1 \(Platform.token),fo1_other")
        #expect(answer.status == 401)
    }

    @Test("1.5: an app of another organization is 403, of nobody 404")
    func foreign() async {
        let platform = Platform()
        await platform.world.plantApp("theirs", organization: "others")
        for (method, path) in [
            ("GET", "/v1/apps/theirs"), ("DELETE", "/v1/apps/theirs"),
            ("GET", "/v1/apps/theirs/machines"), ("POST", "/v1/apps/theirs/secrets"),
        ] {
            let answer = await platform.send(method, path)
            #expect(answer.status == 403, "\(method) \(path)")
            #expect(answer.value == ["error": "unauthorized"])
        }
        let answer = await platform.send("GET", "/v1/apps/nobodys")
        #expect(answer.status == 404)
        #expect(answer.value == ["error": "Could not find App"])
    }

    @Test("1.4: every answer has its own request id, trace and span")
    func requestIDs() async {
        let platform = Platform()
        let first = await platform.send("GET", "/nowhere")
        let second = await platform.send("GET", "/v1/apps/none")
        #expect(first.header("fly-request-id") != nil)
        #expect(first.header("fly-request-id") != second.header("fly-request-id"))
        #expect(second.header("fly-trace-id") != nil && second.header("fly-span-id") != nil)
    }

    @Test("1.6: a body that is no JSON is 400")
    func malformedBody() async {
        let platform = Platform()
        let request = APIRequest(
            "POST", "/v1/apps", headers: ["authorization": "FlyV1 \(Platform.token)"],
            body: Array(#"{"name":"#.utf8))
        let answer = await platform.world.answer(request)
        #expect(answer.status == 400)
        #expect(answer.errorText.hasPrefix("invalid json"))
    }

    @Test("1.2: a token that was revoked is 401 from then on")
    func revoked() async {
        let platform = Platform()
        await platform.makeApp()
        await platform.world.revoke(Platform.token)
        #expect(await platform.send("GET", "/v1/apps/shop").status == 401)
    }

    @Test("1.3: only the affinity cookie of a fresh app or machine shows it at once")
    func affinity() async throws {
        let platform = Platform { $0.visibility.missedReads = 2 }
        let answer = await platform.makeApp()
        let cookie = try #require(answer.header("set-cookie"))
        let parts = cookie.split(separator: ";").map { String($0.drop { $0 == " " }) }
        #expect(parts[0].hasPrefix("fly_flaps_affinity="))
        #expect(parts.contains("Path=/v1/apps/shop"))
        let headers = ["cookie": parts[0]]
        #expect(await platform.send("GET", "/v1/apps/shop", headers: headers).status == 200)
        #expect(await platform.send("GET", "/v1/apps/shop").status == 404)
        #expect(
            await platform.send("GET", "/v1/apps/shop", headers: ["cookie": "\(parts[0])x"]).status
                == 404)
        #expect(await platform.send("GET", "/v1/apps/shop").status == 200)
    }

    @Test("1.3: a fresh machine is missed by lists and GET, and seen after a while in any case")
    func freshMachine() async throws {
        let platform = Platform()
        await platform.makeApp()
        await platform.world.setVisibility(
            {
                var visibility = Visibility()
                visibility.missedReads = 3
                return visibility
            }())
        let machine = try await platform.makeMachine()
        #expect(await platform.send("GET", "/v1/apps/shop/machines").value == [])
        #expect(await machine.send("GET").status == 404)
        await platform.pass(.seconds(3))
        #expect(await machine.send("GET").status == 200)
        #expect(await platform.send("GET", "/v1/apps/shop/machines").value?.array?.count == 1)
    }

    @Test("1.8: GET of a fresh app may answer 401 as well")
    func freshAppUnauthorized() async {
        let platform = Platform {
            $0.visibility.missedReads = 1
            $0.visibility.appStatus = 401
        }
        await platform.makeApp()
        #expect(await platform.send("GET", "/v1/apps/shop").status == 401)
        #expect(await platform.send("GET", "/v1/apps/shop").status == 200)
    }
}
