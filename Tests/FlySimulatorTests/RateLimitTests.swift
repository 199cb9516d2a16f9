import FlySimulator
import PreviewCore
import Testing

@Suite("Rate limits (reference, section 1.7)")
struct RateLimitTests {
    private let platform = Platform { $0.rateLimits = .documented }

    private func statuses(_ count: Int, _ method: String, _ target: String) async -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<count { statuses.append(await platform.send(method, target).status) }
        return statuses
    }

    @Test("one action on one object: a burst of 3, then one a second; the body, no Retry-After")
    func general() async {
        await platform.makeApp()
        #expect(await statuses(4, "GET", "/v1/apps/shop") == [200, 200, 200, 429])
        let refused = await platform.send("GET", "/v1/apps/shop")
        #expect(refused.errorText == "rate limit exceeded")
        #expect(refused.header("retry-after") == nil)
        await platform.pass(.seconds(1))
        #expect(await statuses(2, "GET", "/v1/apps/shop") == [200, 429])
        await platform.pass(.seconds(60))
        #expect(await statuses(4, "GET", "/v1/apps/shop") == [200, 200, 200, 429])
    }

    @Test("another action, and another object, has its own bucket")
    func perActionAndObject() async {
        await platform.makeApp("one")
        await platform.makeApp("two")
        #expect(await statuses(4, "GET", "/v1/apps/one").last == 429)
        #expect(await statuses(1, "GET", "/v1/apps/two") == [200])
        #expect(await statuses(1, "GET", "/v1/apps/one/secrets") == [200])
    }

    @Test("getting a machine: 5 a second, burst 10")
    func getMachine() async throws {
        let machine = try await platform.makeMachine()
        let path = "/v1/apps/shop/machines/\(machine.id)"
        #expect(await statuses(11, "GET", path) == Array(repeating: 200, count: 10) + [429])
        await platform.pass(.seconds(1))
        #expect(await statuses(6, "GET", path) == Array(repeating: 200, count: 5) + [429])
    }

    @Test("deleting apps: 100 a minute")
    func deleteApp() async {
        let deletions = await statuses(101, "DELETE", "/v1/apps/none")
        #expect(deletions.prefix(100).allSatisfy { $0 == 404 })
        #expect(deletions.last == 429)
    }

    @Test("a request without a valid token takes nothing out of the bucket")
    func unauthenticated() async {
        await platform.makeApp()
        for _ in 0..<5 {
            #expect(
                await platform.send("GET", "/v1/apps/shop", authorization: nil).status == 401)
        }
        #expect(await platform.send("GET", "/v1/apps/shop").status == 200)
    }

    @Test("of fifty creations of machines at once in one app, three are let through")
    func concurrent() async {
        await platform.makeApp()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<50 {
                group.addTask {
                    await platform.send(
                        "POST", "/v1/apps/shop/machines",
                        ["name": .string("m\(index)"), "config": Platform.config]
                    ).status
                }
            }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 3, 429: 47])
    }
}
