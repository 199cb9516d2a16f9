import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The state document")
struct StateFileTests {
    /// A state with everything in it: applied steps, an open attempt with calls, what a look found,
    /// odd characters.
    static func full() async throws -> State {
        let stage = try await PlanStage {
            $0.environment["TEXT"] = "line\n\"quoted\" \\ / \u{1} é 🎉"
        }
        await stage.world.provider.setHook { call, moment in
            guard call == .allocate, moment == .after else { return }
            throw Failure(.allocationFailed, "the answer was lost")
        }
        var config = stage.config
        config.regions = ["ord"]
        await #expect(throws: Failure.self) { try await stage.world.apply(config) }
        var state = try #require(try await stage.world.state())
        state.cancelledAt = state.createdAt
        state[.boot].applied?.seconds = 1.25
        state[.settings].drift = RecordedDrift(
            message: "the machine has 2 cpu and 256 MB", action: .update)
        return state
    }

    private func decoded(_ bytes: [UInt8]) -> Result<State, StateFile.Damage> {
        Result { () throws(StateFile.Damage) in try StateFile.decode(bytes) }
    }

    @Test("it comes back as it was written, byte for byte")
    func roundTrip() async throws {
        let state = try await Self.full()
        let bytes = StateFile.encode(state)
        #expect(try StateFile.decode(bytes) == state)
        #expect(StateFile.encode(try StateFile.decode(bytes)) == bytes)
    }

    @Test("it is canonical JSON on one line with a final newline, and its checksum fits the rest")
    func canonical() async throws {
        let bytes = StateFile.encode(try await Self.full())
        let document = try JSONReader.read(bytes)
        #expect(JSONWriter.canonical(document) + [0x0A] == bytes)
        var rest = try #require(document.object)
        rest["checksum"] = nil
        let digest = Digest.hex(JSONWriter.canonical(.object(rest)))
        #expect(document["checksum"]?.string == "sha256:\(digest)")
        #expect(document["format"]?.int == 1 && document["session"]?.object != nil)
        #expect(!String(decoding: bytes, as: UTF8.self).contains(#"\/"#))
    }

    @Test("R-2: cut at any byte it is damage, or the identical state")
    func cut() async throws {
        let state = try await Self.full()
        let bytes = StateFile.encode(state)
        for length in 0..<bytes.count {
            switch decoded(Array(bytes.prefix(length))) {
            case .success(let read):
                #expect(read == state && length == bytes.count - 1, "cut at \(length)")
            case .failure(let damage):
                #expect(length > 0 || damage == .empty)
            }
        }
    }

    @Test("R-2: with any byte flipped it is damage, or the identical state")
    func flip() async throws {
        let state = try await Self.full()
        var bytes = StateFile.encode(state)
        var survivors = 0
        for index in bytes.indices {
            for bit in [0, 5, 7] {
                bytes[index] ^= 1 << bit
                if case .success(let read) = decoded(bytes) {
                    survivors += 1
                    #expect(read == state, "flipped bit \(bit) of byte \(index)")
                }
                bytes[index] ^= 1 << bit
            }
        }
        // Only the final newline may become other white space.
        #expect(survivors <= 1)
    }

    @Test("white space and order of members are not damage; every other change is")
    func meaning() async throws {
        let state = try await Self.full()
        let document = try JSONReader.read(StateFile.encode(state))
        #expect(try StateFile.decode(Array(JSONWriter.pretty(document).utf8)) == state)
        let members = try #require(document.object).members
        let reversed = JSONValue.object(JSONObject(members.reversed()))
        #expect(try StateFile.decode(JSONWriter.line(reversed)) == state)
        for member in members where member.name != "checksum" {
            var object = JSONObject(members)
            object[member.name] = "changed"
            let result = decoded(JSONWriter.line(.object(object)))
            #expect(throws: StateFile.Damage.self) { try result.get() }
        }
    }

    @Test("R-2: what is no state says why")
    func reasons() {
        let cases: [(String, StateFile.Damage)] = [
            ("", .empty), (" \n", .empty), ("[]", .foreign("it is no JSON object")),
            ("{}", .foreign("it has no format number")),
            (#"{"format":"1"}"#, .foreign("it has no format number")),
            (#"{"format":0}"#, .foreign("there is no format 0")), (#"{"format":1}"#, .altered),
            (#"{"format":1,"checksum":"sha256:00"}"#, .altered),
            (#"{"version":4,"terraform_version":"1.9"}"#, .foreign("it has no format number")),
        ]
        for (text, damage) in cases {
            #expect(decoded(Array(text.utf8)) == .failure(damage), "\(text)")
            #expect(!damage.reason.isEmpty)
        }
        guard case .failure(.syntax(let error)) = decoded(Array("{\n  \"a\": tru }".utf8)) else {
            Issue.record("no syntax error")
            return
        }
        #expect(error.line == 2 && error.column == 8 && error.offset == 9)
    }

    @Test(
        "whole documents that are not ours are foreign, with the member named",
        arguments: [
            "lineage", "serial", "app", "source", "salt", "project", "user", "repository", "branch",
            "path", "provider", "createdAt", "updatedAt", "steps",
        ])
    func foreign(_ name: String) async throws {
        let document = try JSONReader.read(StateFile.encode(try await Self.full()))
        var object = try #require(document.object)
        object[name] = nil
        guard case .failure(.foreign(let reason)) = decoded(Self.sealed(object)) else {
            Issue.record("\(name) is not missed")
            return
        }
        #expect(reason.contains("\"\(name)\""))
    }

    /// The document with a checksum that fits.
    private static func sealed(_ object: JSONObject) -> [UInt8] {
        var object = object
        object["checksum"] = nil
        let digest = Digest.hex(JSONWriter.canonical(.object(object)))
        object["checksum"] = .string("sha256:\(digest)")
        return JSONWriter.canonical(.object(object))
    }

    @Test("R-36: a newer format is refused by its number, whatever else it holds")
    func newer() async throws {
        let document = try JSONReader.read(StateFile.encode(try await Self.full()))
        var object = try #require(document.object)
        object["format"] = 2
        object["checksum"] = "blake3:whatever"
        #expect(decoded(JSONWriter.line(.object(object))) == .failure(.newer(format: 2)))
        let world = SimulatedWorld()
        let bytes = JSONWriter.line(.object(object))
        await world.store.plant(bytes, for: SimulatedWorld.identity.folder)
        for run in [true, false] {
            let failure = await #expect(throws: Failure.self) {
                if run {
                    try await world.apply(SimulatedWorld.config())
                } else {
                    try await world.destroy()
                }
            }
            #expect(failure?.code == .stateNewer && failure?.kind.exitCode == 7)
            #expect(failure?.message.contains("format 2") == true)
        }
        #expect(try await world.store.read(SimulatedWorld.identity.folder)?.bytes == bytes)
        #expect(world.effects.reached == 0, "nothing was touched")
    }

    @Test("R-36: a document of format 1 as the first release wrote it is read")
    func formatOne() throws {
        let bytes = try Fixture.bytes("state/format-1.json")
        let state = try StateFile.decode(bytes)
        #expect(state.app == "shop-4f1c9a2e" && state.serial == 13)
        #expect(state[.machine].attempt?.calls.map(\.object) == [.machine])
        #expect(state.output(of: DetectRepository()) != nil)
        #expect(state.output(of: AllocateMachine()) != nil)
        #expect(state.output(of: ConfigureSettings()) != nil)
        #expect(state.output(of: BootRepository()) != nil)
        #expect(state.input(of: BootRepository()) != nil)
        #expect(StateFile.encode(state) == bytes, "and is written the same")
    }

    @Test("the record keeps at most three decimals, and the order of an encoded input is canonical")
    func recordedForm() throws {
        struct Value: Codable {
            var b = 1.23456
            var a = ["z": 1, "é": 2, "A": 3, "a10": 4, "a9": 5]
            var c = -0.5
            var d = 2.0
        }
        let value = try JSONValue.encoding(Value())
        let text = #"{"a":{"A":3,"a10":4,"a9":5,"z":1,"é":2},"b":1.235,"c":-0.5,"d":2}"#
        #expect(String(decoding: JSONWriter.line(value), as: UTF8.self) == text)
        #expect(JSONWriter.canonical(value) == JSONWriter.line(value))
    }
}

/// Files under Tests/Fixtures.
enum Fixture {
    static func bytes(_ path: String) throws -> [UInt8] {
        try ConfigCorpus.bytes("\(ConfigCorpus.repository)/Tests/Fixtures/\(path)")
    }
}
