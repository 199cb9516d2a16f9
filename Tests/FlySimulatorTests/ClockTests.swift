import FlySimulator
import PreviewCore
import Testing

@Suite("The simulator's clock")
struct ClockTests {
    @Test("a manual clock moves only when it is advanced, and wakes who has waited long enough")
    func manual() async {
        let clock = SimulatedClock.manual()
        let start = clock.now
        let sleeper = Task {
            await clock.sleep(until: start + .seconds(10))
            return clock.now
        }
        clock.advance(by: .seconds(4))
        #expect(clock.now - start == .seconds(4))
        clock.advance(by: .seconds(6))
        #expect(await sleeper.value == start + .seconds(10))
    }

    @Test("a running clock runs, can be moved forward, and wakes in time")
    func running() async {
        let clock = SimulatedClock.running()
        let start = clock.now
        await clock.sleep(until: start + .milliseconds(5))
        #expect(clock.now - start >= .milliseconds(5))
        let sleeper = Task { await clock.sleep(until: start + .seconds(3600)) }
        clock.advance(by: .seconds(3600))
        await sleeper.value
        #expect(clock.now - start >= .seconds(3600))
    }

    @Test("a sleeper that is cancelled wakes")
    func cancelled() async {
        let clock = SimulatedClock.manual()
        let sleeper = Task { await clock.sleep(until: clock.now + .seconds(1)) }
        sleeper.cancel()
        await sleeper.value
    }

    @Test("times read and write as RFC 3339")
    func texts() {
        let time = Instant("2026-11-24T06:00:00Z")
        #expect(time?.text == "2026-11-24T06:00:00Z")
        #expect(
            (time.map { $0 + .nanoseconds(5) })?.preciseText == "2026-11-24T06:00:00.000000005Z")
        #expect(Instant("yesterday") == nil)
    }

    @Test("delays are scaled, what is agreed on with clients is not")
    func scaled() {
        let delays = Delays().scaled(by: 0.01)
        #expect(delays.createWindow == .milliseconds(90))
        #expect(delays.destroyedRetention == .seconds(3600))
    }

    @Test("equal seeds and calls give equal answers")
    func deterministic() async {
        func bodies() async -> [[UInt8]] {
            let platform = Platform()
            var bodies: [[UInt8]] = []
            bodies.append(await platform.makeApp().body)
            bodies.append(
                await platform.send(
                    "POST", "/v1/apps/shop/machines", ["config": Platform.config]
                ).body)
            await platform.pass(.seconds(5))
            bodies.append(await platform.send("GET", "/v1/apps/shop/machines").body)
            return bodies
        }
        #expect(await bodies() == bodies())
    }
}
