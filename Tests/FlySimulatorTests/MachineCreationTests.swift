import FlySimulator
import PreviewCore
import Testing

@Suite("Creating machines (reference, sections 4.1 and 4.2)")
struct MachineCreationTests {
    private let platform = Platform()
    private let path = "/v1/apps/shop/machines"

    private func create(
        _ name: String = "web", region: String? = nil, image: String = "node:22",
        on platform: Platform? = nil
    ) async -> APIAnswer {
        await (platform ?? self.platform).send(
            "POST", path,
            [
                "name": .string(name), "region": JSONValue(region),
                "config": ["image": .string(image)],
            ])
    }

    @Test("200 with the machine in `created`: ids, version, addresses, times and image")
    func created() async throws {
        let machine = try await platform.makeMachine().created
        #expect(machine["state"] == "created")
        let id = try #require(machine["id"]?.string)
        #expect(id.count == 14 && id.allSatisfy(\.isHexDigit))
        let version = try #require(machine["version"]?.string)
        #expect(version.count == 26 && machine["instance_id"]?.string == version)
        #expect(machine["private_ip"]?.string?.hasPrefix("fdaa:") == true)
        #expect(machine["created_at"] == "2026-11-24T06:00:00Z")
        #expect(machine["image_ref"]?["repository"] == "library/node")
        #expect(machine["image_ref"]?["tag"] == "22")
        #expect(machine["image_ref"]?["digest"]?.string?.hasPrefix("sha256:") == true)
        #expect(machine["nonce"] == nil)
        #expect(machine["region"] == "iad")
        #expect(machine["checks"] == nil)
        #expect(machine["events"]?.array?.first?["type"] == "launch")
        #expect(machine["events"]?.array?.first?["timestamp"] == 1_795_500_000_000)
    }

    @Test("a machine without a name gets one, and without a region the edge's")
    func generatedName() async {
        await platform.makeApp()
        let answer = await platform.send("POST", path, ["config": Platform.config])
        #expect(answer.value?["name"]?.string?.isEmpty == false)
    }

    @Test(
        "region is one code or a list with aliases, the first with room",
        arguments: [
            ("dfw", "dfw"), ("iad,dfw", "dfw"), ("iad, eu", "ams"), ("sjc,any", "ams"),
            ("gru,us", "dfw"),
        ])
    func regions(expression: String, region: String) async {
        await platform.makeApp()
        await platform.world.setCapacity(fullRegions: ["iad", "sjc", "gru"])
        #expect(await create(region: expression).value?["region"]?.string == region)
    }

    @Test("an unknown or retired region is 400", arguments: ["xyz", "waw", "iad,mars"])
    func unknownRegion(expression: String) async {
        await platform.makeApp()
        #expect(await create(region: expression).status == 400)
    }

    @Test("a name in use is 409 with the holder's id; a destroyed machine's name is free at once")
    func nameConflict() async throws {
        let first = try await platform.makeMachine()
        let answer = await create()
        #expect(answer.status == 409)
        #expect(
            answer.errorText
                == "already_exists: unique machine name violation, machine ID \(first.id) already "
                + "exists with name \"web\"")
        try await first.bring(to: "destroyed")
        #expect(await create().status == 200)
    }

    @Test("the machine limit of an organization is 422")
    func machineLimit() async throws {
        await platform.world.setMachineLimit(1, ofOrganization: "personal")
        let first = try await platform.makeMachine()
        let answer = await create("two")
        #expect(answer.status == 422)
        #expect(answer.errorText.lowercased().contains("machine limit"))
        try await first.bring(to: "destroyed")
        #expect(await create("two").status == 200)
    }

    @Test("a region without room is 422 with its status, a host without room 409")
    func capacity() async {
        await platform.makeApp()
        await platform.world.setCapacity(fullRegions: ["iad"], fullHosts: ["dfw": "memory"])
        let region = await create()
        #expect(region.status == 422)
        #expect(
            region.value == [
                "error": "could not find a candidate host", "status": "insufficient_capacity",
            ])
        let host = await create(region: "dfw")
        #expect(host.status == 409)
        #expect(
            host.errorText
                == "aborted: insufficient resources available to fulfill request: could not "
                + "reserve resource for machine: insufficient memory available to fulfill request"
        )
        #expect(await platform.world.counters.machines == 0)
    }

    @Test("a volume whose host is full is 412 with its status; one in use 412 without")
    func volumes() async throws {
        await platform.makeApp()
        let volume = await platform.send(
            "POST", "/v1/apps/shop/volumes", ["name": "data", "region": "iad"])
        let id = try #require(volume.value?["id"]?.string)
        func create(_ name: String) async -> APIAnswer {
            await platform.send(
                "POST", path,
                [
                    "name": .string(name),
                    "config": [
                        "image": "node:22", "mounts": [["volume": .string(id), "path": "/data"]],
                    ],
                ])
        }
        await platform.world.setFullVolumes([id])
        let full = await create("one")
        #expect(full.status == 412)
        #expect(full.value?["status"] == "volume_placement_capacity")
        await platform.world.setFullVolumes([])
        #expect(await create("one").status == 200)
        let used = await create("two")
        #expect(used.status == 412 && used.value?["status"] == nil)
        #expect(await platform.send("DELETE", "/v1/apps/shop/volumes/\(id)").status == 412)
    }

    @Test(
        "an image without a manifest is 400",
        arguments: ["node:nonesuch", "registry.fly.io/theirs:1", "Node:22", "node:"])
    func unknownImage(image: String) async {
        await platform.makeApp()
        await platform.world.plantApp("theirs", organization: "others")
        await platform.world.setMissingImages(["node:nonesuch"])
        let answer = await create(image: image)
        #expect(answer.status == 400)
        #expect(answer.errorText.contains("MANIFEST_UNKNOWN"))
    }

    @Test(
        "images are found by their parts",
        arguments: [
            ("node", "docker-hub-mirror.fly.io", "library/node", "latest"),
            ("grafana/grafana:9", "docker-hub-mirror.fly.io", "grafana/grafana", "9"),
            ("ghcr.io/a/b:1", "ghcr.io", "a/b", "1"),
            ("registry.fly.io/shop:v2", "registry.fly.io", "shop", "v2"),
        ])
    func images(image: String, registry: String, repository: String, tag: String) async {
        await platform.makeApp()
        let reference = await create(image: image).value?["image_ref"]
        #expect(reference?["registry"]?.string == registry)
        #expect(reference?["repository"]?.string == repository)
        #expect(reference?["tag"]?.string == tag)
    }

    @Test("lease_ttl takes a lease, whose nonce is answered only here")
    func leased() async throws {
        let machine = try await platform.makeMachine(body: ["lease_ttl": 30])
        let nonce = try #require(machine.created["nonce"]?.string)
        #expect(await machine.value["nonce"] == nil)
        #expect(await machine.send("POST", "/stop").status == 409)
        #expect(await machine.send("POST", "/stop", nonce: nonce).status == 200)
    }

    @Test("skip_service_registration creates it cordoned")
    func cordoned() async throws {
        let machine = try await platform.makeMachine(body: ["skip_service_registration": true])
        #expect(machine.created["cordoned"] == true)
    }

    @Test("a version of secrets that does not exist is 400")
    func secretsVersion() async {
        await platform.makeApp()
        let answer = await platform.send(
            "POST", path, ["config": Platform.config, "min_secrets_version": 1])
        #expect(answer.status == 400)
    }

    @Test(
        "without a config, or an image in it, 400",
        arguments: [[:], ["config": [:]]] as [JSONValue])
    func incomplete(body: JSONValue) async {
        await platform.makeApp()
        #expect(await platform.send("POST", path, body).status == 400)
    }

    @Test("of twenty creations under one name at the same time, one succeeds")
    func concurrent() async {
        await platform.makeApp()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { await create().status } }
            return await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 1, 409: 19])
    }
}
