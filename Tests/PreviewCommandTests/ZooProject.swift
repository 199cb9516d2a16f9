import PreviewCore
import PreviewSystem
import Testing

/// The apps of `Tests/Fixtures/zoo`, each in a repository of its own.
extension Sandbox {
    /// Where the zoo is.
    static let zoo =
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/zoo"

    /// Makes the project a repository with the files of an app.
    func makeAnimal(_ folder: String) async throws {
        try await shell("cp -R '\(Self.zoo)/\(folder)/.' . && git init -q -b main .")
        try await commitAll("Broken as it is")
    }

    /// Commits what makes a healthy app of it.
    func repair(_ files: [String: String]) async throws {
        for (name, source) in files {
            try await shell("cp '\(Self.zoo)/repaired/\(source)' '\(name)'")
        }
        try await commitAll("Repaired")
    }

    private func commitAll(_ subject: String) async throws {
        try await shell("git add -A && git commit -q -m '\(subject)'")
    }

    /// Runs a test on an app of the zoo.
    static func visit(
        _ folder: String,
        needing programs: [String] = [],
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        let path = "/usr/local/bin:/usr/bin:/bin"
        let missing = programs.filter { Command.locate($0, in: path) == nil }
        guard missing.isEmpty else {
            try Test.cancel("SKIPPED \(folder): not installed here: \(missing)")
        }
        try await use { box in
            try await box.makeAnimal(folder)
            try await body(box)
        }
    }

    /// After a failed boot: nothing runs any more, the record is whole and tells the error, and
    /// checkout and log are there to look at.
    func expectWreck(of animal: ZooAnimal) async throws {
        let left = processes().map { process in
            String(decoding: ProcessTable.bytes(of: process.pid, "cmdline"), as: UTF8.self)
        }
        #expect(left.isEmpty, "after a failed boot none of its processes is left")
        let attempt = try #require(state()[.boot].attempt)
        #expect(!attempt.open && attempt.error?.code.rawValue == animal.code)
        let status = try await preview("status", "--json")
        let session = try status.json()
        #expect(status.code == 0, "\(status)")
        #expect(session.at("overallStatus")?.string == "failed", "\(status)")
        #expect(session.at("errorStep")?.int == 4, "\(status)")
        guard animal.code != "PV0420" else { return }
        #expect(exists(try record() + "/checkout/preview.yaml"))
        let logs = try await preview("logs", "--step", "4")
        #expect(logs.code == 0, "\(logs)")
        for line in animal.prints { #expect(logs.output.contains(line), "\(line): \(logs)") }
    }

    /// The repaired commit comes up by a plain `apply`, and everything goes again.
    func expectRecovery(_ files: [String: String]) async throws {
        try await repair(files)
        let applied = try await preview("apply", "--yes")
        try #require(applied.code == 0, "the repaired commit: \(applied)")
        #expect(try await page(of: applied) == "repaired\n")
        try await expectDestroyed()
    }

    func expectDestroyed() async throws {
        let destroyed = try await preview("destroy", "--yes")
        #expect(destroyed.code == 0, "\(destroyed)")
        #expect(processes().isEmpty, "after destroy nothing is left")
    }

    /// What the URL on the last line of an `apply` answers.
    func page(of applied: Outcome, _ path: String = "") async throws -> String {
        let url = try #require(applied.lines.last, "\(applied)")
        let request = HTTPRequest("GET", url + path, timeout: .seconds(30))
        let response = try await HTTPClient(userAgent: "preview-tests").send(request)
        return String(decoding: response.body, as: UTF8.self)
    }
}
