import FlySimulator
import PreviewCore
import Testing

@Suite("Waiting (reference, section 4.8)")
struct WaitTests {
    private let platform = Platform()

    /// Begins to wait and returns once the platform has the request.
    private func waiting(_ machine: TestMachine, _ query: String) async throws -> Task<
        APIAnswer, Never
    > {
        let task = Task { await machine.send("GET", "/wait\(query)") }
        try await platform.untilWaiting()
        return task
    }

    @Test("started is the default; 200 comes when it is reached, with state, version and event")
    func started() async throws {
        let machine = try await platform.makeMachine()
        let answer = try await waiting(machine, "")
        await platform.pass(.seconds(3))
        let value = await answer.value.value
        #expect(value?["ok"] == true && value?["state"] == "started")
        #expect(value?["version"]?.string == machine.version)
        #expect(value?["event_id"]?.string?.count == 26)
    }

    @Test("a state that is there already is answered at once")
    func atOnce() async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("GET", "/wait?state=started&timeout=1").status == 200)
        #expect(await machine.send("GET", "/wait?state=settled").status == 200)
    }

    @Test(
        "any of several states will do, repeated or with commas",
        arguments: ["?state=suspended,failed,started", "?state=failed&state=started"])
    func several(query: String) async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("GET", "/wait\(query)").value?["state"] == "started")
    }

    @Test(
        "the deadline is 408 with the text, after at most 60 seconds",
        arguments: [
            ("", 60.0), ("&timeout=60", 60), ("&timeout=600", 60), ("&timeout=5", 5),
            ("&timeout=0", 1),
        ])
    func deadline(query: String, seconds: Double) async throws {
        let machine = try await platform.makeMachine(body: ["skip_launch": true])
        let answer = try await waiting(machine, "?state=started\(query)")
        await platform.pass(.seconds(seconds - 0.5))
        #expect(await platform.world.waiting == 1)
        await platform.pass(.seconds(0.5))
        let refused = await answer.value
        #expect(refused.status == 408)
        #expect(
            refused.errorText
                == "deadline_exceeded: machine failed to reach desired state, started, currently "
                + "created")
    }

    @Test(
        "what cannot be waited for is 400",
        arguments: [
            "?state=stopped", "?state=started,stopped", "?state=running", "?timeout=soon",
            "?timeout=-1", "?state=created",
        ])
    func invalid(query: String) async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("GET", "/wait\(query)").status == 400)
    }

    @Test("stopped needs the version, by either name", arguments: ["version", "instance_id"])
    func stopped(name: String) async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "/stop").status == 200)
        let answer = try await waiting(machine, "?state=stopped&\(name)=\(machine.version)")
        await platform.pass(.seconds(2))
        #expect(await answer.value.status == 200)
    }

    @Test("destroyed ends the wait of others with 409, and of who waits for it with 200")
    func destroyed() async throws {
        let machine = try await platform.makeMachine(body: ["skip_launch": true])
        let other = try await waiting(machine, "?state=started")
        let own = Task { await machine.send("GET", "/wait?state=destroyed") }
        try await platform.untilWaiting(2)
        #expect(await machine.send("DELETE").status == 200)
        #expect(await other.value.status == 409)
        await platform.pass(.seconds(1))
        #expect(await own.value.status == 200)
        #expect(await machine.send("GET", "/wait?state=started").status == 409)
    }

    @Test("4.7: a GET right after a wait for destroyed may still say destroying")
    func echo() async throws {
        let machine = try await platform.makeMachine(body: ["skip_launch": true])
        #expect(await machine.send("DELETE").status == 200)
        await platform.pass(.seconds(1))
        #expect(await machine.send("GET", "/wait?state=destroyed").status == 200)
        #expect(await machine.state == "destroying")
        await platform.pass(.seconds(1))
        #expect(await machine.state == "destroyed")
    }

    @Test("an old version is 409 with `currently replaced`, an unknown one 404")
    func oldVersion() async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "", ["config": Platform.config]).status == 200)
        let old = await machine.send("GET", "/wait?version=\(machine.version)")
        #expect(old.status == 409)
        #expect(old.errorText.contains("currently replaced"))
        #expect(await machine.send("GET", "/wait?version=none").status == 404)
        #expect(
            await platform.send("GET", "/v1/apps/shop/machines/00000000000000/wait").status == 404)
    }

    @Test("without the version an update's wait is satisfied by the old one")
    func forgottenVersion() async throws {
        let machine = try await platform.makeStarted()
        let update = await machine.send("POST", "", ["config": Platform.config])
        let version = update.value?["version"]?.string ?? ""
        let careless = await machine.send("GET", "/wait?state=started")
        #expect(careless.status == 200)
        #expect(careless.value?["version"]?.string == machine.version)
        let careful = try await waiting(machine, "?state=started&version=\(version)")
        #expect(await machine.state == "replacing")
        await platform.pass(.seconds(4))
        #expect(await careful.value.value?["version"]?.string == version)
    }

    @Test("from_event_id waits for something newer")
    func fromEvent() async throws {
        let machine = try await platform.makeStarted()
        let last = await machine.value["events"]?.array?.first?["id"]?.string ?? ""
        let answer = try await waiting(machine, "?state=started&from_event_id=\(last)")
        #expect(await machine.send("POST", "/restart").status == 200)
        await platform.pass(.seconds(3))
        let event = await answer.value.value?["event_id"]?.string ?? ""
        #expect(event > last)
    }

    @Test("settled is any resting state, and not one on its way")
    func settled() async throws {
        let machine = try await platform.makeMachine()
        let answer = try await waiting(machine, "?state=settled")
        await platform.pass(.seconds(1))
        #expect(await platform.world.waiting == 1)
        await platform.pass(.seconds(2))
        #expect(await answer.value.value?["state"] == "started")
    }
}
