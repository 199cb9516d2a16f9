import Glibc
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("preview doctor")
struct DoctorTests {
    @Test("M1: in an empty folder the file is missing, nothing is made, and no check is left out")
    func emptyFolder() async throws {
        try await Sandbox.use { box in
            let outcome = try await box.preview("doctor")
            #expect(outcome.code == 1, "\(outcome)")
            #expect(outcome.output.contains("error[PV0101]: there is no preview.yaml here"))
            #expect(outcome.output.contains("`preview init`"), "the fix is named: \(outcome)")
            #expect(outcome.output.contains("preview explain PV0101"))
            #expect(box.entries(box.project).isEmpty, "looking makes nothing")
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(
                checks.names == [
                    "preview.yaml", "secrets", "state folder", "store", "records", "lock", "limits",
                    "disk", "git", "repository", "tools", "GitHub token", "Fly.io token",
                    "provider", "clock", "machine", "socket", "URL", "stray processes",
                    "last errors", "server",
                ])
            #expect(checks.failures == ["preview.yaml PV0101"])
        }
    }

    @Test("S7, M3: of a preview that runs all is well: exit 0, with user, settings and URL")
    func allIsWell() async throws {
        try await Sandbox.use { box in
            try box.makeApp("secrets: [API_KEY]\n")
            let variables = ["API_KEY": "c4n4ry-value"]
            let apply = try await box.preview("apply", "--yes", "-q", with: variables)
            #expect(apply.code == 0, "\(apply)")
            let outcome = try await box.preview("doctor", "--json", with: variables)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(!outcome.output.contains("c4n4ry"))
            let checks = try Checks(outcome)
            #expect(checks.failures.isEmpty)
            #expect(checks.detail(of: "URL").hasSuffix("answers with 200"), "\(outcome)")
            #expect(checks.detail(of: "machine").contains("is running"))
            #expect(checks.detail(of: "socket").contains("the app listens at 127.0.0.1:"))
            #expect(checks.detail(of: "lock") == "free")
            #expect(checks.detail(of: "secrets").contains("API_KEY"))
            #expect(checks.document["user"]?.string?.isEmpty == false)
            let settings = checks.document["settings"]?.array ?? []
            let key = settings.first { $0["name"]?.string == "API_KEY" }
            #expect(key?["present"]?.bool == true && key?["value"]?.string == "***")
            #expect(settings.first { $0["name"]?.string == "CI" }?["present"]?.bool == false)
            let text = try await box.preview("doctor", with: variables)
            #expect(text.code == 0 && text.output.contains("0 failures"), "\(text)")
        }
    }

    @Test("a file that is not valid is told as plan tells it, and what needs it is skipped")
    func brokenFile() async throws {
        try await Sandbox.use { box in
            try box.write(
                "preview.yaml", "version: 1\nrepo: .\nprovider: local\nregion: dfv\nbuild: x\n")
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(checks.failures == ["preview.yaml PV0103", "preview.yaml PV0104"])
            #expect(checks.detail(of: "preview.yaml").hasPrefix("preview.yaml:4:9: unknown region"))
            #expect(checks.first("preview.yaml")?["fix"]?.string == "did you mean `dfw`?")
            for name in ["repository", "tools", "secrets"] {
                #expect(checks.outcome(of: name) == "skipped", "\(name)")
            }
            #expect(checks.outcome(of: "records") == "ok", "records do not need it")
        }
    }

    @Test("M2: a branch that is not there and a secret without a value fail, each with its code")
    func repository() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository("branch: feature/x\nsecrets: [API_KEY]\n")
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(checks.failures == ["secrets PV0402", "repository PV0203"])
            #expect(checks.outcome(of: "tools") == "skipped", "its own check says why")
        }
    }

    @Test("without git on the PATH that is what fails")
    func noGit() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            let checks = try Checks(
                try await box.preview("doctor", "--json", with: ["PATH": box.root + "/nothing"]))
            #expect(checks.failures.contains("git PV0206"), "\(checks.failures)")
            #expect(checks.first("git")?["fix"]?.string?.contains("install") == true)
        }
    }

    @Test("a runtime that is missing fails; one that is older than asked for is a remark")
    func tools() async throws {
        try await Sandbox.use { box in
            try box.write(
                "package.json",
                #"{"name":"x","engines":{"node":">=18"},"scripts":{"start":"node server.js"}}"#)
            try box.write("server.js", "require('http')\n")
            try box.write("preview.yaml", Sandbox.configuration())
            let git = try #require(Command.locate("git", in: "/usr/bin:/bin"))
            try box.write("\(box.root)/bin/git", "#!/bin/sh\nexec \(git) \"$@\"\n", mode: 0o755)
            try box.write("\(box.root)/bin/node", "#!/bin/sh\necho v12.22.9\n", mode: 0o755)
            let checks = try Checks(
                try await box.preview("doctor", "--json", with: ["PATH": box.root + "/bin"]))
            #expect(checks.failures == ["tools PV0429"], "\(checks.document)")
            let findings = checks.all("tools")
            #expect(
                findings.contains {
                    $0["detail"]?.string == "there is no `npm` on this machine's PATH"
                })
            #expect(
                findings.contains {
                    $0["outcome"]?.string == "warning"
                        && $0["detail"]?.string?.contains("12.22.9") == true
                        && $0["detail"]?.string?.contains(">=18") == true
                })
        }
    }

    @Test("a lock that is held is a remark with its holder")
    func heldLock() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let holder = try box.start(
                [Program.path, "apply", "--yes"],
                with: ["PREVIEW_FAULT": "attempt.saved:1:stop"])
            #expect(try await eventually { holder.child.isStopped }, "\(holder.errorsSoFar)")
            let outcome = try await box.preview("doctor", "--json")
            let checks = try Checks(outcome)
            #expect(outcome.code == 0, "\(outcome)")
            #expect(checks.outcome(of: "lock") == "warning")
            #expect(checks.first("lock")?["code"]?.string == "PV0504")
            #expect(
                checks.detail(of: "lock").contains("process \(holder.child.pid), `preview apply`"))
            holder.child.signal(SIGKILL)
            holder.child.signal(SIGCONT)
            _ = await holder.outcome()
            let after = try Checks(try await box.preview("doctor", "--json"))
            #expect(after.detail(of: "lock") == "free", "the kernel gave it back")
            #expect(after.detail(of: "last errors").contains("interrupted"), "\(after.document)")
        }
    }

    @Test("a lock at a server whose holder is gone fails, with the command that breaks it")
    func abandonedLock() async throws {
        try await Sandbox.use { box in
            let python = try #require(Command.locate("python3", in: "/usr/bin:/bin"))
            let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            let server = try box.start(
                [
                    python, "-u", folder + "/Fixtures/state-server.py", "--tags=strong",
                    "--locks=own",
                ])
            #expect(try await eventually { server.outputSoFar.hasPrefix("port ") })
            let port = server.outputSoFar.split(separator: "\n")[0].dropFirst("port ".count)
            let address = "http://127.0.0.1:\(port)/state/{app}"
            let lock = ["lock_address", "unlock_address"].map { "\($0): \"\(address)/lock\"" }
            try box.makeSite(
                "state: { store: http, address: \"\(address)\", \(lock.joined(separator: ", ")) }\n"
            )
            let holder = try box.start(
                [Program.path, "apply", "--yes"],
                with: ["PREVIEW_FAULT": "attempt.saved:1:stop"])
            #expect(try await eventually { holder.child.isStopped }, "\(holder.errorsSoFar)")
            holder.child.signal(SIGKILL)
            _ = await holder.outcome()
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(checks.failures == ["lock PV0504"], "\(checks.document)")
            let fix = checks.first("lock")?["fix"]?.string ?? ""
            let id = String(try #require(fix.firstMatch(of: /`preview unlock ([0-9a-f-]+)`/)).1)
            let unlock = try await box.preview("unlock", id)
            #expect(unlock.code == 0, "\(unlock)")
            let after = try Checks(try await box.preview("doctor", "--json"))
            #expect(after.detail(of: "lock") == "free" && after.failures.isEmpty)
            server.child.signal(SIGKILL)
            _ = await server.outcome()
        }
    }

    @Test("damaged records, and those of another key, fail one by one; the others are counted")
    func damagedRecords() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            try box.write(".preview/broken-12345678/state.json", "{\"format\": 1", mode: 0o600)
            chmod(box.records + "/broken-12345678", 0o700)
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(checks.failures == ["records PV0501"])
            let damaged = checks.first("records")
            #expect(
                damaged?.at("evidence")?.array?.contains { $0["text"]?.string == "broken-12345678" }
                    == true)
            #expect(checks.all("records").last?["detail"]?.string == "1 record is good")
            box.removeTree(".preview")
            try box.makeSite("state: { encrypt: { key: env:STATE_KEY } }\n")
            let keys = ["0123456789abcdef", "fedcba9876543210"].map {
                String(repeating: $0, count: 4)
            }
            _ = try await box.preview(
                "apply", "--step", "1", "--yes", with: ["STATE_KEY": keys[0]])
            let other = try await box.preview("doctor", "--json", with: ["STATE_KEY": keys[1]])
            #expect(try Checks(other).failures.contains("records PV0517"), "\(other)")
            #expect(keys.allSatisfy { !other.output.contains($0) })
        }
    }

    @Test("a store that cannot be reached or used is told once, and what needs it is skipped")
    func storeOutOfReach() async throws {
        try await Sandbox.use { box in
            for (settings, failure) in [
                ("store: http, address: \"http://127.0.0.1:9/{app}\"", "store PV0511"),
                (
                    "store: http, address: \"http://127.0.0.1:9/{app}\", username: ci",
                    "store PV0515"
                ),
            ] {
                try box.makeSite("state: { \(settings) }\n")
                let outcome = try await box.preview("doctor", "--json")
                let checks = try Checks(outcome)
                #expect(checks.failures == [failure])
                for name in ["records", "lock", "machine", "URL"] {
                    #expect(checks.outcome(of: name) == "skipped", "\(name): \(outcome)")
                }
            }
        }
    }

    @Test("what runs without a record is told with the command that ends it, which does")
    func strays() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            let apply = try await box.preview("apply", "--yes", "-q")
            #expect(apply.code == 0, "\(apply)")
            // The record alone first, then everything.
            for path in [try box.record() + "/state.json", ".preview"] {
                box.removeTree(path)
                for version in 1...9 { box.removeTree("\(path).\(version)") }
                let checks = try Checks(try await box.preview("doctor", "--json"))
                #expect(checks.failures.contains("stray processes PV0706"), "\(checks.document)")
            }
            let checks = try Checks(try await box.preview("doctor", "--json"))
            let fix = checks.first("stray processes")?["fix"]?.string ?? ""
            let command = try #require(fix.firstMatch(of: /`(kill [0-9 ]+)`/)).1
            try await box.shell(String(command))
            #expect(try await eventually { box.supervisors().isEmpty })
            let after = try Checks(try await box.preview("doctor", "--json"))
            #expect(after.failures.isEmpty, "\(after.failures)")
        }
    }

    @Test("an app that is left without its supervisor and its folder is found, too")
    func orphanedApp() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            let apply = try await box.preview("apply", "--yes", "-q")
            #expect(apply.code == 0, "\(apply)")
            let before = box.processes().count
            for supervisor in box.supervisors() { supervisor.kill() }
            #expect(try await eventually { box.supervisors().isEmpty })
            box.removeTree(".preview")
            let checks = try Checks(try await box.preview("doctor", "--json"))
            // The kernel may have ended the app with its supervisor: then there is nothing to find.
            let isLeft = box.processes().count > 0
            #expect(before > 1)
            #expect(checks.failures.contains("stray processes PV0706") == isLeft)
        }
    }

    @Test("M3: an app that ended, and one that answers with errors, each fail with their code")
    func darkURL() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            _ = try await box.preview("apply", "--yes", "-q")
            try box.write(
                "app.py",
                box.text("app.py").replacing("send_response(200)", with: "send_response(500)"))
            let failed = try await box.preview("apply", "--yes", "-q")
            #expect(failed.code == 1, "\(failed)")
            let checks = try Checks(try await box.preview("doctor", "--json"))
            #expect(checks.outcome(of: "last errors") == "warning", "\(checks.document)")
            let errors = checks.document["errors"]?.array ?? []
            #expect(errors.count == 1 && errors[0]["step"]?.int == 4)
            #expect(errors[0]["code"]?.string == failed.errorCode)
        }
    }

    @Test("a state folder that cannot be written, and a disk that is full, fail")
    func disk() async throws {
        guard Allowed.check(Allowed.mounting, "doctor: full disk", needing: "root and mount") else {
            return
        }
        try await Sandbox.use { box in
            try box.makeSite()
            let disk = box.root + "/disk"
            try await box.shell(
                "mkdir -m 700 \(disk) && mount -t tmpfs -o size=2m,mode=700 none \(disk)")
            do {
                let low = try Checks(try await box.preview("doctor", "--json", "--state", disk))
                #expect(low.failures == ["disk PV0705"])
                try await box.shell("mount -o remount,ro \(disk)")
                let closed = try Checks(try await box.preview("doctor", "--json", "--state", disk))
                #expect(closed.failures.contains("state folder PV0506"), "\(closed.failures)")
            } catch {
                try await box.shell("umount -l \(disk)")
                throw error
            }
            try await box.shell("umount -l \(disk)")
        }
    }

    @Test("S14: workflows that use it, files and endpoints are told")
    func inventory() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            try box.write(".github/workflows/preview.yml", "run: preview apply --yes\n")
            try box.write(".github/workflows/other.yml", "run: make\n")
            let checks = try Checks(
                try await box.preview(
                    "doctor", "--json", with: ["GITHUB_API_URL": "https://me:c4n4ry@api.example"]))
            #expect(checks.document["workflows"]?.array?.compactMap(\.string) == ["preview.yml"])
            let files = checks.document["files"]?.array ?? []
            #expect(files.first?["path"]?.string == box.project + "/preview.yaml")
            #expect(files.first?["present"]?.bool == true)
            let text = JSONWriter.pretty(checks.document)
            #expect(text.contains("@api.example") && !text.contains("c4n4ry"))
        }
    }
}

/// The document of `preview doctor --json`.
struct Checks {
    let document: JSONValue

    init(_ outcome: Outcome) throws { document = try outcome.json() }

    private var findings: [JSONValue] { document["checks"]?.array ?? [] }

    /// The names of the checks, each once, in order.
    var names: [String] {
        findings.compactMap { $0["name"]?.string }.reduce(into: []) { names, name in
            if names.last != name { names.append(name) }
        }
    }

    /// Name and code of each failure, in order; every one has a fix.
    var failures: [String] {
        findings.filter { $0["outcome"]?.string == "failed" }.map { finding in
            #expect(finding["fix"]?.string?.isEmpty == false, "\(finding)")
            return "\(finding["name"]?.string ?? "") \(finding["code"]?.string ?? "")"
        }
    }

    func all(_ name: String) -> [JSONValue] { findings.filter { $0["name"]?.string == name } }

    func first(_ name: String) -> JSONValue? { all(name).first }

    func outcome(of name: String) -> String { first(name)?["outcome"]?.string ?? "" }

    func detail(of name: String) -> String { first(name)?["detail"]?.string ?? "" }
}
