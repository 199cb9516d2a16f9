import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("R-23: no secret in any sink")
struct SecretTests {
    /// A value in the forms in which it must not be found.
    struct Canary {
        let name: String
        let value: String

        init(_ name: String) {
            self.name = name
            value = "\(name)+/" + Moment.randomBytes(9).map { String($0, radix: 16) }.joined()
        }

        /// Plain, base64 at its three alignments, hexadecimal, and percent-encoded.
        var forms: [(form: String, bytes: [UInt8])] {
            let plain = Array(value.utf8)
            let hex = plain.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let percent = plain.map { byte in
                let scalar = Unicode.Scalar(byte)
                return "+/".unicodeScalars.contains(scalar)
                    ? "%" + String(byte, radix: 16, uppercase: true) : String(scalar)
            }.joined()
            return [("plain", plain), ("hex", Array(hex.utf8)), ("percent", Array(percent.utf8))]
                + (0..<3).map { ("base64 at \($0)", Self.base64(plain, offset: $0)) }
        }

        /// The characters of a base64 text that these bytes alone decide, at an offset in it.
        private static func base64(_ bytes: [UInt8], offset: Int) -> [UInt8] {
            let alphabet = Array(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
            let padded = [UInt8](repeating: 0, count: offset) + bytes
            let whole = padded.prefix(padded.count / 3 * 3)
            var text: [UInt8] = []
            for start in stride(from: 0, to: whole.count, by: 3) {
                let bits = whole[start..<start + 3].reduce(0) { $0 << 8 | Int($1) }
                text += [18, 12, 6, 0].map { alphabet[bits >> $0 & 63] }
            }
            return Array(text.dropFirst(offset == 0 ? 0 : 4))
        }
    }

    /// Looks at the arguments of every process until it is told to stop.
    private final class Watch: Sendable {
        private let found = Locked(Set<String>())
        private let isOver = Locked(false)

        init(for canaries: [Canary]) {
            BlockingThread.start { [found, isOver] in
                while !isOver.withLock({ $0 }) {
                    for pid in ProcessTable.all() {
                        let bytes = ProcessTable.bytes(of: pid, "cmdline")
                        for canary in canaries where bytes.end(of: Array(canary.value.utf8)) != nil
                        {
                            let text = String(decoding: bytes, as: UTF8.self)
                            found.withLock { _ = $0.insert("\(canary.name) in \(text)") }
                        }
                    }
                    usleep(2000)
                }
            }
        }

        func end() -> Set<String> {
            isOver.withLock { $0 = true }
            return found.withLock { $0 }
        }
    }

    private static let commands = [
        ["plan"], ["plan", "--json"], ["plan", "-v", "-v"], ["plan", "--format", "markdown"],
        ["plan", "--out", "../plan.json"], ["apply", "--yes", "--json"],
        ["plan", "--out", "../plan.json"], ["apply", "../plan.json", "--yes"],
        ["status"], ["status", "--json", "--live"], ["logs"], ["logs", "--json"],
        ["logs", "--step", "4"], ["list", "--json"], ["history", "--json"], ["history", "--stats"],
        ["state", "show"], ["state", "list"], ["state", "verify"], ["validate"],
        ["detect", "--json"],
        ["restart"], ["stop"], ["start"], ["apply", "--retry-from", "3", "--yes"],
        ["exec", "--", "sh", "-c", "echo $API_KEY $FILE_KEY; echo $DOT_KEY | base64 >&2"],
        ["url"], ["cancel"], ["destroy", "--yes"],
    ]

    @Test("the canary test: every command, through success and failure")
    func canary() async throws {
        try await Sandbox.use { box in
            let canaries = ["ENVSECRET", "FILESECRET", "DOTSECRET", "GITHUBTOKEN"].map(Canary.init)
            try makeProject(in: box, canaries)
            let variables = ["API_KEY": canaries[0].value, "GITHUB_TOKEN": canaries[3].value]
            let watch = Watch(for: canaries)
            for words in Self.commands {
                let outcome = try await box.run([Program.path] + words, with: variables)
                #expect(outcome.code == 0, "\(outcome)")
            }
            try box.write(
                "preview.yaml",
                box.text("preview.yaml").replacing(
                    "exec /usr", with: "echo $API_KEY $FILE_KEY >&2; exit 3; exec /usr"))
            let failed = try await box.preview("apply", "--yes", with: variables)
            #expect(failed.code == 1 && failed.errorCode == "PV0412", "\(failed)")
            #expect(failed.errors.contains("***"), "the app's words are shown, redacted: \(failed)")
            for words in [["status"], ["logs", "--tail", "1000"], ["apply", "--yes"]] {
                _ = try await box.run([Program.path] + words, with: variables)
            }
            // Without its value a secret is missing, not shown.
            let missing = try await box.preview("apply", "--retry-from", "3", "--yes")
            #expect(missing.code == 1 && missing.errorCode == "PV0402", "\(missing)")
            #expect(watch.end().isEmpty)
            try search(box, for: canaries)
        }
    }

    private func makeProject(in box: Sandbox, _ canaries: [Canary]) throws {
        try box.makeApp(
            """
            secrets:
              - API_KEY
              - { name: FILE_KEY, from: "file:\(box.home)/key" }
              - DOT_KEY
            hooks: { on_complete: 'env | sort > ../hook-complete; echo done', on_error: 'env > ../hook-error' }

            """)
        try box.write("\(box.home)/key", canaries[1].value + "\n", mode: 0o600)
        try box.write(".env", "DOT_KEY=\(canaries[2].value)\n", mode: 0o600)
        try box.write(
            "app.py",
            box.text("app.py").replacing(
                "print(\"app begins\"",
                with:
                    "print(os.environ['FILE_KEY'], os.environ['DOT_KEY'], file=sys.stderr, flush=True)\nprint(\"app begins\""
            ))
    }

    /// Every file that the commands made: records, plans, temporary files, captured output, hooks.
    private func search(_ box: Sandbox, for canaries: [Canary]) throws {
        let files = box.files(below: box.root).filter {
            // Where the secrets were put by the test itself.
            ![box.home + "/key", box.project + "/.env"].contains($0)
        }
        #expect(files.contains { $0.hasSuffix("/events.jsonl") })
        #expect(files.contains { $0.hasSuffix("/hook-complete") })
        #expect(files.contains { $0.hasSuffix("/hook-error") })
        for file in files {
            let bytes = box.bytes(file)
            for canary in canaries {
                for (form, needle) in canary.forms where bytes.end(of: needle) != nil {
                    let isHook = file.contains("/hook-") && canary.name == "ENVSECRET"
                    // A hook has the environment of whoever runs the command, and nothing more.
                    if !isHook { Issue.record("\(canary.name), \(form), in \(file)") }
                }
            }
        }
    }

    @Test("credentials in the address of a repository are shown nowhere")
    func address() async throws {
        try await Sandbox.use { box in
            let canary = Canary("URLSECRET")
            let secret = canary.value.replacing("+/", with: "")
            try box.write(
                "preview.yaml",
                """
                version: 1
                repo: http://user:\(secret)@127.0.0.1:9/acme/shop.git
                provider: local

                """)
            for words in [
                ["validate"], ["plan"], ["plan", "--json"], ["plan", "-v", "-v"],
                ["apply", "--yes"],
                ["apply", "--yes", "--json"], ["status"], ["logs"], ["state", "show"], ["list"],
                ["detect", "http://user:\(secret)@127.0.0.1:9/acme/shop.git"],
            ] {
                let outcome = try await box.run([Program.path] + words)
                #expect(!outcome.output.contains(secret), "\(outcome)")
                #expect(!outcome.errors.contains(secret), "\(outcome)")
            }
            for file in box.files(below: box.root) where file != box.project + "/preview.yaml" {
                #expect(box.bytes(file).end(of: Array(secret.utf8)) == nil, "\(file)")
            }
        }
    }

    @Test("D39: plans tell that a secret changed, and never its value or digest")
    func changedSecret() async throws {
        try await Sandbox.use { box in
            try box.makeSite("secrets: [API_KEY]\n")
            _ = try await box.preview("apply", "--yes", with: ["API_KEY": "first-value"])
            let same = try await box.preview(
                "plan", "--detailed-exitcode", with: ["API_KEY": "first-value"])
            #expect(same.code == 0, "\(same)")
            let text = try await box.preview("plan", with: ["API_KEY": "second-value"])
            #expect(text.output.contains("secrets.API_KEY"), "\(text)")
            #expect(text.output.contains("(sensitive) changed"), "\(text)")
            let json = try await box.preview("plan", "--json", with: ["API_KEY": "second-value"])
            #expect(!json.output.contains("scrypt") && !json.output.contains("digest\""), "\(json)")
            for word in ["first-value", "second-value"] {
                #expect(!text.output.contains(word) && !json.output.contains(word))
            }
        }
    }
}
