import FlySimulator
import PreviewAdapters
import PreviewCore
import Testing

@Suite("Answers of Fly.io in all their forms")
struct FlyAnswerTests {
    private func machine(_ text: String) throws -> FlyMachine {
        try #require(FlyMachine(JSONReader.read(text)))
    }

    /// Has the client read an answer of success with that body.
    private func answering<Result>(
        _ body: String, _ call: (FlyClient) async throws -> Result
    ) async throws -> Result {
        var result: Result?
        try await FlyClientFixture.with { fixture in
            await fixture.world.add(Fault(.answer(status: 200, body: body), count: nil))
            result = try await call(fixture.client)
        }
        return try #require(result)
    }

    // MARK: - Machines

    @Test("a machine is read with what it has, and its config stays as it is")
    func wholeMachine() throws {
        let config =
            #"{"image":"node:22","unknown":{"deep":[1,2.50]},"services":[{"autostop":false}],"#
            + #""metadata":{"preview_source":"s"},"dns":{}}"#
        let machine = try machine(
            #"""
            {"id":"148e21ea7d9889","name":"web","state":"started","region":"dfw",
             "instance_id":"01OLD","version":"01NEW","private_ip":"fdaa:0:1::3",
             "created_at":"2026-11-24T05:51:00Z","updated_at":"2026-11-24T06:51:00.25+01:00",
             "config":\#(config),"image_ref":{"digest":"sha256:ab"},"cordoned":true,
             "checks":[{"name":"servicecheck-00","status":"passing","output":"ok"},
                       {"name":"bg_deployments_compat","status":"critical"}],
             "events":[
               {"id":"1","type":"launch","status":"created","source":"user","timestamp":1000},
               {"id":"3","type":"exit","status":"stopped","source":"flyd","timestamp":9000,
                "request":{"exit_event":{"exit_code":137,"oom_killed":true},"restart_count":2}},
               {"id":"2","type":"start","status":"started","source":"proxy","timestamp":5000}],
             "a_new_field":[{}]}
            """#)
        #expect(machine.version == "01NEW" && machine.privateIP == "fdaa:0:1::3")
        #expect(machine.createdAt == machine.updatedAt)
        #expect(machine.logPlace?.hasSuffix("250000000") == true)
        #expect(JSONWriter.line(.object(machine.config)) == Array(config.utf8))
        #expect(machine.isConfigWhole && machine.metadata == ["preview_source": "s"])
        #expect(machine.imageDigest == "sha256:ab" && machine.isCordoned)
        #expect(machine.checks.map(\.name) == ["servicecheck-00"] && machine.checks[0].isPassing)
        #expect(machine.events.map(\.id) == ["3", "2", "1"])
        #expect(machine.events.first?.restartCount == 2)
        #expect(machine.lastExit?.code == 137 && machine.lastExit?.isOutOfMemory == true)
        #expect(machine.isRunning && !machine.isGone && !machine.isResting)
    }

    @Test("names come in any case, null is absent, numbers and Booleans may be texts")
    func spellings() throws {
        let machine = try machine(
            #"""
            {"ID":"1","Name":null,"name":"web","instanceId":"01A","version":"","Cordoned":"true",
             "privateIp":null,"events":[{"Type":"exit","timestamp":"5000","request":
              {"MonitorEvent":{"exit_event":{"exit_code":"3","requested_stop":"false"}}}}]}
            """#)
        #expect(machine.id == "1" && machine.name == "web" && machine.version == "01A")
        #expect(machine.isCordoned && machine.privateIP == nil)
        #expect(machine.lastExit?.code == 3 && machine.lastExit?.wasRequested == false)
        #expect(machine.events.first?.time == Timestamp(seconds: 5))
    }

    @Test("nearly nothing is a machine as well, and an unknown state neither runs nor rests")
    func bareMachine() throws {
        let machine = try machine(#"{"id":"1","state":"hibernating"}"#)
        #expect(!machine.isRunning && !machine.isResting && !machine.isGone)
        #expect(machine.version.isEmpty && machine.config.members.isEmpty)
        #expect(machine.checks.isEmpty && machine.events.isEmpty && machine.lastExit == nil)
        #expect(FlyMachine(["name": "web"]) == nil)
        #expect(FlyMachine([]) == nil)
    }

    @Test("a config of which only a part is shown is not taken for the whole")
    func incompleteConfig() throws {
        let machine = try machine(
            #"{"id":"1","config":null,"incomplete_config":{"image":"node:22"}}"#)
        #expect(machine.config["image"] == "node:22" && !machine.isConfigWhole)
        #expect(try self.machine(#"{"id":"1"}"#).isConfigWhole == false)
    }

    // MARK: - Lists

    @Test("a list may be wrapped, bare, null or missing, and is never read out of something else")
    func lists() async throws {
        let bodies = [
            (#"{"ips":[{"ip":"1.2.3.4","shared":true}]}"#, 1), (#"[{"ip":"::1"},{"ip":null}]"#, 1),
            (#"{"ips":null}"#, 0), ("{}", 0), ("null", 0),
            (#"{"IPs":[{"ip":"1.2.3.4","shared":true},{"new":1}]}"#, 1),
        ]
        for (body, count) in bodies {
            #expect(try await answering(body) { try await $0.addresses(of: "shop") }.count == count)
        }
        for body in ["\"text\"", "<html>", "", #"{"ips":"#, #"{"ips":7}"#] {
            let failure = await #expect(throws: FlyFailure.self) {
                _ = try await answering(body) { try await $0.addresses(of: "shop") }
            }
            #expect(failure?.cause == .unreadable && failure?.tries == 3)
        }
    }

    @Test("a list of machines that is no array is no empty list")
    func machineLists() async throws {
        let failure = await #expect(throws: FlyFailure.self) {
            _ = try await answering("{}") { try await $0.machines(of: "shop") }
        }
        #expect(failure?.cause == .unreadable)
        #expect(try await answering("null") { try await $0.machines(of: "shop") }.isEmpty)
        let mixed = #"[{"id":"1","state":"started"},{"name":"without id"}]"#
        #expect(try await answering(mixed) { try await $0.machines(of: "shop") }.count == 1)
    }

    @Test("addresses are told apart with and without their type")
    func addressKinds() async throws {
        let body = #"""
            {"ips":[{"ip":"66.241.1.1","shared":true,"type":"shared_v4"},
              {"ip":"66.241.1.2","shared":true},{"ip":"2a09:8280:1::1"},{"ip":"fdaa:0:1::3"},
              {"ip":"137.66.1.1"},{"ip":"137.66.1.2","egress":true},
              {"ip":"2a09::5","type":"egress_v6"},{"ip":null,"ip_pair":{"v4":"1","v6":"2"}}]}
            """#
        let kinds = try await answering(body) { try await $0.addresses(of: "shop") }.map(\.kind)
        #expect(
            kinds == [.sharedV4, .sharedV4, .v6, .privateV6, .v4, .other, .other])
    }

    @Test("regions and placements are read from either case of their keys")
    func regions() async throws {
        for key in ["Regions", "regions"] {
            let body =
                #"{"Nearest":"iad","\#(key)":[{"code":"dfw","name":"Dallas","deprecated":false,"#
                + #""requires_paid_plan":true},{"Code":"atl","deprecated":true}]}"#
            let regions = try await answering(body) { try await $0.regions() }
            #expect(regions.map(\.code) == ["dfw", "atl"])
            #expect(regions.map(\.isDeprecated) == [false, true] && regions[0].needsPaidPlan)
            let room = #"{"\#(key)":[{"Region":"dfw","Count":2,"Concurrency":1}]}"#
            let placements = try await answering(room) {
                try await $0.placements(of: .init(), regions: ["dfw"], organization: "personal")
            }
            #expect(placements.map(\.region) == ["dfw"] && placements.map(\.count) == [2])
        }
    }

    @Test("a lease comes in an envelope or without")
    func leases() async throws {
        let inner =
            #"{"nonce":"n1","expires_at":1795500000,"owner":"jo","description":"preview k"}"#
        for body in [inner, #"{"status":"success","data":\#(inner)}"#] {
            let nonce = try await answering(body) {
                try await $0.takeLease(on: "1", in: "shop", for: .seconds(13), description: "")
            }
            #expect(nonce == "n1")
            let lease = try await answering(body) { try await $0.lease(on: "1", in: "shop") }
            #expect(lease?.owner == "jo" && lease?.description == "preview k")
            #expect(lease?.expiresAt == Timestamp(seconds: 1_795_500_000))
        }
    }

    @Test("the version of secrets is read where it comes twice, once, or not at all")
    func secretVersions() async throws {
        for (body, version) in [
            (#"{"secrets":[],"version":4,"Version":3}"#, 4), (#"{"secrets":[],"Version":3}"#, 3),
            (#"{"secrets":[{"label":"A","digest":"d"}]}"#, nil),
        ] as [(String, Int?)] {
            let answer = try await answering(body) { try await $0.setSecrets([:], of: "shop") }
            #expect(answer.version == version)
        }
    }

    @Test("a log page is read with its place, which may be a number")
    func logs() async throws {
        let body = #"""
            {"data":[{"id":"1","attributes":{"timestamp":"2026-11-24T05:51:00.5Z",
              "message":"hello","level":"info","instance":"148e","meta":{"event":
              {"provider":"app"}}}},{"attributes":{"message":"proxy","meta":{"instance":"2",
              "event":{"provider":"proxy"}}}},{"id":"no text"}],
             "meta":{"next_token":1795500000000000000}}
            """#
        let page = try await answering(body) { try await $0.logs(of: "shop", after: nil) }
        #expect(page.entries.map(\.message) == ["hello", "proxy"])
        #expect(page.entries.map(\.provider) == ["app", "proxy"])
        #expect(page.entries.map(\.machine) == ["148e", "2"])
        #expect(page.next == "1795500000000000000")
        let empty = try await answering(#"{"data":[],"meta":{"next_token":""}}"#) {
            try await $0.logs(of: "shop", after: nil)
        }
        #expect(empty.entries.isEmpty && empty.next == nil)
    }

    @Test("a command that was not run is no success, whatever the status says")
    func rejectedCommand() async throws {
        let body = #"{"exit_code":0,"stdout":"","stderr":"Rejection([PayloadTooLarge, 1])"}"#
        let failure = await #expect(throws: FlyFailure.self) {
            _ = try await answering(body) { try await $0.execute(["sh"], on: "1", in: "shop") }
        }
        #expect(failure?.cause == .invalid && failure?.isCertain == true)
        let ended = try await answering(#"{"exit_code":0,"exit_signal":9,"stdout":"o"}"#) {
            try await $0.execute(["sh"], on: "1", in: "shop")
        }
        #expect(ended.status == 137 && ended.output == "o" && ended.errors.isEmpty)
    }

    @Test("an organization's machines come with their apps; a partial answer says so")
    func census() async throws {
        let body = #"""
            {"machines":[{"id":"1","app_name":"shop","state":"started","config":{"metadata":
              {"preview_source":"s"}}},{"id":"2"}],"error_regions":["gru"],"next_cursor":""}
            """#
        let census = try await answering(body) {
            try await $0.machines(ofOrganization: "personal")
        }
        #expect(census.members.map(\.app) == ["shop"] && census.missingRegions == ["gru"])
        #expect(census.members.first?.machine.metadata == ["preview_source": "s"])
        #expect(census.members.first?.machine.isConfigWhole == false)
    }
}
