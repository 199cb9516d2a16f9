import PreviewCore
import PreviewSystem
import Testing

/// Kills the program at its fault points, changes what is wanted, and runs it again.
@Suite("R-4, R-41: killed anywhere, run again")
struct FaultPointTests {
    /// What happens between the kill and the next run.
    enum Change: Int, CaseIterable, Sendable {
        case nothing, environment, commit, run

        func make(in box: Sandbox) throws {
            let configuration = box.text("preview.yaml")
            switch self {
            case .nothing: break
            case .environment:
                try box.write("preview.yaml", configuration + "env: { COLOUR: blue }\n")
            case .commit: try box.write("index.html", "<h1>another</h1>\n")
            case .run:
                try box.write("preview.yaml", configuration + "run: { build: 'true' }\n")
            }
        }
    }

    /// Points of the engine's calls, and how often each is met in a set-up.
    static let callPoints: [(FaultPoint.Name, [Int])] = [
        (.lockTaken, [1, 2, 3, 4]), (.attemptSaved, [1, 2, 3, 4, 5, 6]), (.callBefore, [1, 2, 3]),
        (.callSent, [1, 2, 3]), (.callAnswered, [1, 2, 3]), (.outcomeBefore, [1, 2, 3, 4]),
        (.verifyBefore, [1, 2]),
    ]
    static let filePoints: [(FaultPoint.Name, [Int])] = [
        (.temporaryWrite, [1, 3, 8]), (.temporarySync, [2, 5, 9]), (.keepLink, [1, 4]),
        (.swapRename, [2, 3, 7]), (.folderSync, [1, 4, 9]),
    ]

    @Test("R-1, R-3, R-4, R-41: killed while setting up", arguments: callPoints + filePoints)
    func settingUp(point: FaultPoint.Name, times: [Int]) async throws {
        for nth in times {
            try await Sandbox.use { box in
                try box.makeSite()
                let killed = try await box.preview(
                    "apply", "--yes", with: ["PREVIEW_FAULT": "\(point.rawValue):\(nth):kill"])
                #expect(killed.ending == .killed(by: 9), "\(point) \(nth) is met: \(killed)")
                try checkObjects(in: box)
                try Change.allCases[nth % Change.allCases.count].make(in: box)
                try await converge(box)
                try await destroy(box)
            }
        }
    }

    @Test(
        "R-4, R-41: killed while a change is applied",
        arguments: [
            (FaultPoint.Name.attemptSaved, [1, 2, 3]), (.callBefore, [1, 2]), (.callSent, [1, 2]),
            (.callAnswered, [1, 2]), (.outcomeBefore, [1, 2, 3]),
        ])
    func updating(point: FaultPoint.Name, times: [Int]) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            for nth in times {
                try box.write("index.html", "<h1>change \(nth)</h1>\n")
                try box.write(
                    "preview.yaml", Sandbox.configuration("env: { CHANGE: '\(nth)' }\n"))
                let killed = try await box.preview(
                    "apply", "--yes", with: ["PREVIEW_FAULT": "\(point.rawValue):\(nth):kill"])
                #expect(killed.ending == .killed(by: 9), "\(point) \(nth) is met: \(killed)")
                try checkObjects(in: box)
                try await converge(box)
            }
            try await destroy(box)
        }
    }

    @Test(
        "R-4, R-32: killed while destroying, run again: nothing is left",
        arguments: [
            (FaultPoint.Name.callBefore, [1, 2]), (.callSent, [1]), (.callAnswered, [1, 2]),
            (.outcomeBefore, [1, 3, 5]), (.verifyBefore, [1]), (.lockTaken, [1]),
        ])
    func destroying(point: FaultPoint.Name, times: [Int]) async throws {
        for nth in times {
            try await Sandbox.use { box in
                try box.makeSite()
                _ = try await box.preview("apply", "--yes")
                let killed = try await box.preview(
                    "destroy", "--yes", with: ["PREVIEW_FAULT": "\(point.rawValue):\(nth):kill"])
                #expect(killed.ending == .killed(by: 9), "\(point) \(nth) is met: \(killed)")
                try await destroy(box)
            }
        }
    }

    @Test(
        "R-6: an error of the file system at any point is exit 1 and keeps the last document",
        arguments: [
            FaultPoint.Name.temporaryWrite, .temporarySync, .keepLink, .swapRename, .folderSync,
        ], ["eio", "enospc"])
    func fileErrors(point: FaultPoint.Name, effect: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let before = try box.state()
            let failed = try await box.preview(
                "apply", "--yes", with: ["PREVIEW_FAULT": "\(point.rawValue):1:\(effect)"])
            #expect(failed.code == 1 && failed.errorCode == "PV0506", "\(failed)")
            #expect(failed.errors.contains(box.records), "the file is named: \(failed)")
            #expect(try box.state().serial >= before.serial)
            #expect(!box.exists(try box.record() + "/supervisor"), "R-3: nothing was made")
            try await converge(box)
        }
    }

    @Test("R-7: half a write is no document")
    func shortWrite() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let before = try box.state()
            let failed = try await box.preview(
                "apply", "--yes", with: ["PREVIEW_FAULT": "temp.write:1:short"])
            #expect(failed.code == 1, "\(failed)")
            #expect(try box.state() == before)
            try await converge(box)
        }
    }

    /// the record is whole, and what exists is named in it.
    private func checkObjects(in box: Sandbox) throws {
        guard box.entries(box.records).contains(where: { !$0.hasPrefix(".") }) else { return }
        let record = try box.record()
        guard box.exists(record + "/state.json") else {
            #expect(!box.exists(record + "/supervisor"), "R-3: an object before any record")
            return
        }
        let state = try box.state()
        guard let bytes = Optional(box.bytes(record + "/supervisor/machine.json")), !bytes.isEmpty
        else { return }
        let name = try #require(JSONReader.read(bytes)["name"]?.string)
        let recorded =
            [state.output(of: AllocateMachine())?.machine.name].compactMap(\.self)
            + (state[.machine].attempt?.calls.map(\.name) ?? [])
        #expect(recorded.contains(name), "R-3: \(name) is not in the record")
    }

    /// The next run brings everything to the present wish, and one more would do nothing.
    private func converge(_ box: Sandbox) async throws {
        let again = try await box.preview("apply", "--yes")
        #expect(again.code == 0, "\(again)")
        let verified = try await box.preview("state", "verify")
        #expect(verified.code == 0, "\(verified)")
        let plan = try await box.preview("plan", "--detailed-exitcode")
        #expect(plan.code == 0, "\(plan)")
        #expect(box.supervisors().count == 1)
        let url = try #require(again.lines.last)
        #expect(try await box.shell("curl -sf '\(url)'") == box.text("index.html"))
    }

    private func destroy(_ box: Sandbox) async throws {
        let destroyed = try await box.preview("destroy", "--yes")
        // A kill after the last save leaves nothing to destroy.
        let isDone =
            try destroyed.code == 0 || (destroyed.errorCode == "PV0507" && box.state().isDestroyed)
        #expect(isDone, "\(destroyed)")
        #expect(box.processes().isEmpty)
        #expect(!box.exists(try box.record() + "/supervisor"))
        let verified = try await box.preview("state", "verify")
        #expect(verified.code == 0, "\(verified)")
    }
}
