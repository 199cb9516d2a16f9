import FlySimulator
import PreviewCore
import Testing

@Suite("Leases and metadata (reference, sections 4.9 and 4.10)")
struct LeaseTests {
    private let platform = Platform()

    private func take(_ machine: TestMachine, _ body: JSONValue = ["ttl": 30]) async throws
        -> String
    {
        let answer = await machine.send("POST", "/lease", body)
        try #require(answer.status == 201)
        return try #require(answer.value?["data"]?["nonce"]?.string)
    }

    @Test("taken with 201, in the envelope; ttl in the body or the query")
    func take() async throws {
        for (query, body) in [
            ("", ["ttl": 30, "description": "d"] as JSONValue), ("?ttl=30", [:]),
        ] {
            let platform = Platform()
            let machine = try await platform.makeStarted()
            let answer = await machine.send("POST", "/lease\(query)", body)
            #expect(answer.status == 201)
            let data = try #require(answer.value?["data"])
            #expect(answer.value?["status"] == "success")
            #expect(data["nonce"]?.string?.isEmpty == false)
            #expect(data["expires_at"]?.int == 1_795_500_034)
            #expect(data["owner"] == "preview-tests@tokens.fly.io")
            #expect(data["version"]?.string == machine.version)
        }
    }

    @Test("held by another: 409 with the text, in the older shape of errors")
    func held() async throws {
        let machine = try await platform.makeStarted()
        _ = try await take(machine)
        let answer = await machine.send("POST", "/lease", ["ttl": 30])
        #expect(answer.status == 409)
        #expect(answer.value?["status"] == "error")
        #expect(
            answer.value?["message"]?.string
                == "machine ID \(machine.id) lease currently held by preview-tests@tokens.fly.io, "
                + "expires at 2026-11-24T06:00:34Z")
    }

    @Test(
        "a leased machine is changed only with the nonce: 409 else, in the newer shape",
        arguments: [
            ("POST", ""), ("POST", "/start"), ("POST", "/stop"), ("POST", "/suspend"),
            ("POST", "/restart"), ("POST", "/cordon"), ("POST", "/uncordon"),
            ("DELETE", "?force=true"),
            ("POST", "/exec"),
        ])
    func guarded(method: String, rest: String) async throws {
        let machine = try await platform.makeStarted()
        let nonce = try await take(machine)
        let body: JSONValue = ["config": Platform.config, "command": ["true"]]
        for wrong in [nil, "0123456789ab"] {
            let refused = await machine.send(method, rest, body, nonce: wrong)
            #expect(refused.status == 409)
            #expect(refused.value?["error"]?.string?.contains("lease currently held by") == true)
        }
        #expect(await machine.send(method, rest, body, nonce: nonce).status == 200)
    }

    @Test("leases guard neither metadata nor reading")
    func unguarded() async throws {
        let machine = try await platform.makeStarted()
        _ = try await take(machine)
        #expect(await machine.send("POST", "/metadata/k", ["value": "v"]).status == 204)
        #expect(await machine.send("GET").status == 200)
        #expect(await machine.send("GET", "/wait").status == 200)
    }

    @Test("refreshed by its nonce, which stays; expires by itself")
    func refresh() async throws {
        let machine = try await platform.makeStarted()
        let nonce = try await take(machine)
        await platform.pass(.seconds(20))
        let refreshed = await machine.send("POST", "/lease", ["ttl": 30], nonce: nonce)
        #expect(refreshed.status == 201)
        #expect(refreshed.value?["data"]?["nonce"]?.string == nonce)
        await platform.pass(.seconds(29))
        #expect(await machine.send("POST", "/stop").status == 409)
        await platform.pass(.seconds(1))
        #expect(await machine.send("POST", "/lease", ["ttl": 30], nonce: nonce).status == 404)
        #expect(await machine.send("POST", "/stop").status == 200)
        #expect(await platform.world.counters.leases == 1)
    }

    @Test("GET shows it without its nonce, 404 if there is none; DELETE needs the nonce")
    func readAndRelease() async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("GET", "/lease").status == 404)
        let nonce = try await take(machine)
        let read = await machine.send("GET", "/lease")
        #expect(read.status == 200 && read.value?["data"]?["nonce"] == nil)
        #expect(await machine.send("DELETE", "/lease").status == 400)
        #expect(await machine.send("DELETE", "/lease", nonce: "none").status == 409)
        let released = await machine.send("DELETE", "/lease", nonce: nonce)
        #expect(released.status == 200)
        #expect(released.value == ["status": "success", "data": ["ok": true]])
        #expect(await machine.send("DELETE", "/lease", nonce: nonce).status == 404)
    }

    @Test("include_leases adds it to machines, without its nonce")
    func included() async throws {
        let machine = try await platform.makeStarted()
        _ = try await take(machine)
        #expect(await machine.value["lease"] == nil)
        let lease = await machine.send("GET", "?include_leases=true").value?["lease"]
        #expect(lease?["owner"] == "preview-tests@tokens.fly.io" && lease?["nonce"] == nil)
        let list = await platform.send("GET", "/v1/apps/shop/machines?include_leases=true")
        #expect(list.value?.array?.first?["lease"] == lease)
    }

    @Test("of ten who take it at once, one gets it")
    func concurrent() async throws {
        let machine = try await platform.makeStarted()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<10 {
                group.addTask { await machine.send("POST", "/lease", ["ttl": 5]).status }
            }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [201: 1, 409: 9])
    }

    // MARK: - Metadata

    @Test("4.10: set, read, merged and removed, without a new version or a restart")
    func metadata() async throws {
        let machine = try await platform.makeStarted(["image": "a", "metadata": ["a": "1"]])
        #expect(await machine.send("GET", "/metadata").value == ["a": "1"])
        #expect(await machine.send("POST", "/metadata/b", ["value": "2"]).status == 204)
        #expect(await machine.send("GET", "/metadata/b").value == ["value": "2"])
        #expect(await machine.send("GET", "/metadata/none").status == 404)
        let merged: JSONValue = ["metadata": ["a": .null, "b": "", "c": "3"]]
        #expect(await machine.send("PATCH", "/metadata", merged).status == 204)
        #expect(await machine.send("GET", "/metadata").value == ["c": "3"])
        #expect(await machine.send("PUT", "/metadata", ["metadata": ["d": "4"]]).status == 204)
        #expect(await machine.send("DELETE", "/metadata/c").status == 204)
        let value = await machine.value
        #expect(value["config"]?["metadata"] == ["d": "4"])
        #expect(value["version"]?.string == machine.version && value["state"] == "started")
        #expect(await platform.world.counters.boots == 1)
    }

    @Test("4.10: a stale machine_version is 412, a value that is no text 400")
    func badMetadata() async throws {
        let machine = try await platform.makeStarted()
        let stale: JSONValue = ["metadata": ["a": "1"], "machine_version": "01J"]
        #expect(await machine.send("PATCH", "/metadata", stale).status == 412)
        #expect(await machine.send("PATCH", "/metadata", ["metadata": ["a": 1]]).status == 400)
        #expect(await machine.send("PATCH", "/metadata", [:]).status == 400)
        #expect(await machine.send("POST", "/metadata/k", [:]).status == 400)
        let fresh: JSONValue = [
            "metadata": ["a": "1"], "machine_version": .string(machine.version),
        ]
        #expect(await machine.send("PATCH", "/metadata", fresh).status == 204)
    }
}
