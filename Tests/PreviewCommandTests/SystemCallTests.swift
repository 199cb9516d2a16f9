import PreviewCore
import PreviewSystem
import Testing

/// Faults at system calls of the built program.
@Suite("Faults at every system call")
struct SystemCallTests {
    @Test(
        "R-1, R-41: killed at any call that changes the record: it is whole, the next run converges",
        arguments: [0, 1])
    func kills(share: Int) async throws {
        guard Allowed.check(Allowed.tracing, "R-1", needing: "strace") else { return }
        try await Sandbox.use { box in
            try box.makeSite()
            let tracing = Tracing(box: box)
            let calls = try await tracing.calls(
                Tracing.changing, "apply", "--yes", "--through", "3")
            let touching = calls.filter {
                $0.canBeStruck && isChange($0) && $0.text.contains(box.records)
            }
            #expect(touching.count > 60, "\(touching.count) calls change the record")
            var killed = 0
            for (index, call) in touching.enumerated() where index % 2 == share {
                box.removeTree(box.records)
                let outcome = try await tracing.inject(
                    "signal=KILL", at: call, "apply", "--yes", "--through", "3")
                // Threads may make one call more or less; most kills must have struck.
                if outcome.ending == .killed(by: 9) { killed += 1 }
                try checkRecord(of: box, after: call)
                if killed % 8 == 0 { try await converge(box, after: call, number: index) }
            }
            #expect(killed * 10 > touching.count / 2 * 9, "\(killed) of \(touching.count) calls")
        }
    }

    /// With another wish than the run had that was killed.
    private func converge(
        _ box: Sandbox, after call: Tracing.Call, number: Int
    ) async throws {
        let verified = try await box.preview("state", "verify")
        #expect(verified.code == 0, "\(call.text): \(verified)")
        try box.write("preview.yaml", Sandbox.configuration("env: { CALL: '\(number)' }\n"))
        let again = try await box.preview("apply", "--yes", "--through", "3")
        #expect(again.code == 0, "\(call.text): \(again)")
        #expect(try box.state().output(of: ConfigureSettings())?.environment["CALL"] == "\(number)")
    }

    private func isChange(_ call: Tracing.Call) -> Bool {
        call.name != "openat" || call.text.contains("O_CREAT")
    }

    /// The document is absent or complete, and the versions before it are.
    private func checkRecord(of box: Sandbox, after call: Tracing.Call) throws {
        for path in box.files(below: box.records) {
            let name = path.split(separator: "/").last ?? ""
            guard name.hasPrefix("state.json") else { continue }
            _ = try StateFile.decode(box.bytes(path))
        }
        let folders = box.entries(box.records).filter { !$0.hasPrefix(".") }
        for folder in folders where box.exists(".preview/\(folder)/supervisor/machine.json") {
            let state = try StateFile.decode(box.bytes(".preview/\(folder)/state.json"))
            #expect(state.steps[.machine] != nil, "R-3: a machine before its attempt: \(call.text)")
        }
    }

    @Test(
        "R-6, R-7: an error of any call is exit 1, names the file, and keeps the last document",
        arguments: [
            ("fsync", "EIO"), ("fsync", "ENOSPC"), ("write", "ENOSPC"), ("write", "EDQUOT"),
            ("write", "EIO"), ("renameat", "EIO"), ("renameat", "EROFS"), ("linkat", "ENOSPC"),
            ("openat", "EROFS"), ("openat", "ENOSPC"), ("openat", "EDQUOT"), ("close", "EIO"),
        ])
    func errors(call: String, error: String) async throws {
        guard Allowed.check(Allowed.tracing, "R-6", needing: "strace") else { return }
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let tracing = Tracing(box: box)
            try await box.shell("cp -a .preview ../before")
            let calls = try await tracing.calls([call], "apply", "--yes", "--through", "3")
            let saves = calls.filter {
                $0.canBeStruck && $0.text.contains("state.json") && isSaving($0)
            }
            var outcome: Outcome?
            // A call's number may differ by a few from run to run.
            for wanted in saves.prefix(8) {
                try await box.shell("rm -rf .preview && cp -a ../before .preview")
                outcome = try await tracing.inject(
                    "error=\(error)", at: wanted, "apply", "--yes", "--through", "3")
                if tracing.struck?.contains("state.json") == true { break }
                outcome = nil
            }
            let failed = try #require(outcome, "no fault struck a save by \(call)")
            #expect(failed.code == 1 && failed.errorCode == "PV0506", "\(failed)")
            #expect(failed.errors.contains("state.json"), "the file is named: \(failed)")
            let attempt = try box.state()[.machine].attempt
            let isMade = box.exists(try box.record() + "/supervisor/machine.json")
            let isRecorded =
                try attempt?.calls.isEmpty == false || box.state()[.machine].applied != nil
            #expect(!isMade || isRecorded, "R-3: made before it was recorded")
            #expect(try box.state()[.settings].applied == nil, "no success without its record")
            let again = try await box.preview("apply", "--yes", "--through", "3")
            #expect(again.code == 0, "\(again)")
        }
    }

    private func isSaving(_ call: Tracing.Call) -> Bool {
        switch call.name {
        case "openat": call.text.contains("O_CREAT")
        case "close": call.text.contains(".tmp")
        default: true
        }
    }

    @Test("R-6: no error of any call gives success with a record that was not saved")
    func anyError() async throws {
        guard Allowed.check(Allowed.tracing, "R-6", needing: "strace") else { return }
        try await Sandbox.use { box in
            try box.makeSite()
            let tracing = Tracing(box: box)
            let calls = try await tracing.calls(
                ["fsync", "write", "renameat", "linkat"], "apply", "--yes", "--through", "3")
            let touching = calls.filter { $0.canBeStruck && $0.text.contains(box.records) }
            for (index, call) in touching.enumerated() where index % 3 == 0 {
                box.removeTree(box.records)
                let outcome = try await tracing.inject(
                    "error=EIO", at: call, "apply", "--yes", "--through", "3")
                #expect(outcome.code == 0 || outcome.code == 1, "\(call.text): \(outcome)")
                guard outcome.code == 0 else { continue }
                // The loss of a log never blocks a command; the record of what was done is there.
                #expect(try box.state()[.settings].applied != nil, "\(call.text)")
            }
        }
    }

    @Test("R-25: plan opens nothing for writing, makes nothing, and waits for no lock")
    func planOnlyReads() async throws {
        guard Allowed.check(Allowed.tracing, "R-25", needing: "strace") else { return }
        try await Sandbox.use { box in
            try await box.makeRepository()
            let tracing = Tracing(box: box)
            try await checkReadOnly(tracing)
            _ = try await box.preview("apply", "--yes")
            try await box.commit("<h1>two</h1>")
            let before = try await box.shell("find . -printf '%p %T@ %s\\n' | sort")
            try await checkReadOnly(tracing)
            #expect(try await box.shell("find . -printf '%p %T@ %s\\n' | sort") == before)
        }
    }

    private func checkReadOnly(_ tracing: Tracing) async throws {
        let names = [
            "openat", "mkdirat", "mkdir", "renameat", "rename", "unlink", "unlinkat", "linkat",
            "ftruncate", "fsync",
        ]
        let calls = try await tracing.calls(names, "plan")
        #expect(calls.count > 10)
        for call in calls {
            // git makes its own pack files in the temporary folder, which are gone afterwards.
            guard !call.text.contains(tracing.box.temporary) else { continue }
            let isReading =
                call.name == "openat"
                && (!["O_WRONLY", "O_RDWR", "O_CREAT"].contains { call.text.contains($0) }
                    || call.text.contains("\"/dev/"))
            #expect(isReading || call.text.contains("= -1"), "\(call.text)")
        }
    }
}
