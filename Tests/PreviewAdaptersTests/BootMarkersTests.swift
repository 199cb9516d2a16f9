import PreviewAdapters
import PreviewCore
import Testing

@Suite("What a follower reads from the log of a machine")
struct BootMarkersTests {
    private static let key = "k3vabcdefgh01234"

    private func line(_ number: Int, _ text: String, boot: String = "1700000000-5000") -> String {
        "::preview:\(Self.key):\(boot):\(number):\(text);"
    }

    private func read(_ lines: [String]) -> [BootMarkers.Event] {
        var markers = BootMarkers(key: Self.key)
        return lines.flatMap { markers.read($0) }
    }

    private var whole: [String] {
        [
            line(1, "phase name=clone state=begin"),
            "From https://example.org/shop",
            line(2, "phase name=clone state=end ms=1230"),
            line(3, "phase name=install state=begin"),
            line(4, "phase name=install state=skip"),
            line(5, "phase name=build state=begin"),
            "built",
            line(6, "phase name=build state=end ms=40"),
            line(7, "phase name=start state=begin"),
            line(8, "phase name=start state=end ms=250"),
            line(9, "phase name=probe state=begin"),
            line(10, "phase name=probe state=end ms=10"),
            line(11, "ready status=200"),
        ]
    }

    private var results: [BootReceipt.PhaseResult] {
        [
            .init(name: .clone, seconds: 1.23), .init(name: .install, seconds: 0, skipped: true),
            .init(name: .build, seconds: 0.04), .init(name: .start, seconds: 0.25),
            .init(name: .probe, seconds: 0.01),
        ]
    }

    @Test("five phases with their times, output with its phase, then ready")
    func boot() {
        #expect(
            read(["Starting init", "not ours"] + whole + ["GET /", ""]) == [
                .phaseBegan(.clone), .output("From https://example.org/shop", .clone),
                .phaseEnded(results[0]), .phaseBegan(.install), .phaseEnded(results[1]),
                .phaseBegan(.build), .output("built", .build), .phaseEnded(results[2]),
                .phaseBegan(.start), .phaseEnded(results[3]), .phaseBegan(.probe),
                .phaseEnded(results[4]), .ready(status: 200), .output("GET /", nil),
                .output("", nil),
            ])
    }

    @Test("lines that come twice, and in any order, tell the same phases once")
    func disorder() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var markers = BootMarkers(key: Self.key)
            let events = (whole + whole).shuffled(using: &random).flatMap { markers.read($0) }
            #expect(markers.phases == results)
            for phase in BootPhase.allCases {
                #expect(events.count { $0 == .phaseBegan(phase) } == 1)
                #expect(
                    events.count { event in
                        if case .phaseEnded(let result) = event {
                            result.name == phase
                        } else {
                            false
                        }
                    } == 1)
            }
            #expect(events.count { $0 == .ready(status: 200) } == 1)
        }
    }

    @Test("phases whose end was lost have ended when the boot is ready")
    func lostLines() {
        var markers = BootMarkers(key: Self.key)
        let events = [whole[0], whole[12]].flatMap { markers.read($0) }
        #expect(markers.phases.map(\.name) == BootPhase.allCases)
        #expect(events.last == .ready(status: 200))
        #expect(events.count == 5 + 5 + 1)
    }

    @Test("who prints markers without the key prints output")
    func forgery() {
        let forged = [
            "::preview:other:1700000000-5000:99:ready status=200;",
            "::preview::1700000000-5000:99:ready status=200;",
            "::preview:\(Self.key.dropLast()):1-1:9:ready status=200;",
        ]
        #expect(
            read([whole[0]] + forged)
                == [.phaseBegan(.clone)] + forged.map { .output($0, .clone) })
    }

    @Test("a marker behind output without a line end, and output behind a marker")
    func glued() {
        #expect(
            read([whole[0], "half " + whole[2] + " rest", whole[3] + whole[4]]) == [
                .phaseBegan(.clone), .output("half ", .clone), .phaseEnded(results[0]),
                .output(" rest", .clone), .phaseBegan(.install), .phaseEnded(results[1]),
            ])
    }

    @Test("a marker that was cut tells nothing, wherever")
    func cut() {
        for length in 1..<whole[2].count {
            let events = read([whole[0], String(whole[2].prefix(length))])
            #expect(!events.contains(.phaseEnded(results[0])))
        }
    }

    @Test(
        "what no script writes tells nothing",
        arguments: [
            "", "phase", "phase name=clone", "phase name=clone state=",
            "phase name=lunch state=begin",
            "failed", "failed phase=clone", "failed phase=clone reason=mood", "app", "app status=x",
            "stopped why=lunch", "news of=tomorrow", "phase name clone state begin",
        ])
    func unknown(text: String) {
        #expect(read([line(1, text)]).isEmpty)
        #expect(
            read(["::preview:\(Self.key):x:1:\(text);", "::preview:\(Self.key):1-1:x:\(text);"])
                .isEmpty)
    }

    @Test("a failure has phase, reason, status and the last lines of its phase")
    func failure() throws {
        let events = read([
            whole[0], "cloned", whole[2], line(3, "phase name=install state=begin"),
            "npm ERR! one", "npm ERR! two", line(4, "failed phase=install reason=command status=1"),
            line(5, "kept"),
        ])
        guard case .failed(let trouble)? = events.dropLast().last else {
            Issue.record("\(events)")
            return
        }
        #expect(events.last == .kept)
        #expect(trouble.phase == .install && trouble.reason == .command && trouble.status == 1)
        #expect(trouble.lines == ["npm ERR! one", "npm ERR! two"])
    }

    @Test("a machine that starts again begins anew; what is late from before tells nothing")
    func restarted() {
        var markers = BootMarkers(key: Self.key)
        for line in whole { _ = markers.read(line) }
        let later = "1700000000-9000"
        #expect(
            markers.read(line(1, "phase name=clone state=begin", boot: later))
                == [.restarted, .phaseBegan(.clone)])
        #expect(markers.phases.isEmpty)
        #expect(markers.read(line(12, "app status=1")).isEmpty)
        #expect(
            markers.read(line(2, "phase name=clone state=skip", boot: later))
                == [.phaseEnded(.init(name: .clone, seconds: 0, skipped: true))])
    }

    @Test("the ends of a machine")
    func ends() {
        #expect(
            read(whole + [line(12, "app status=137")]).last == .appEnded(status: 137))
        for stop in ["idle", "expired", "signal"] {
            #expect(
                read(whole + [line(12, "stopped why=\(stop)")]).last
                    == BootMarkers.Stop(rawValue: stop).map { .stopped($0) })
        }
        #expect(read([line(1, "ready status=0")]).last == .ready(status: nil))
    }
}
