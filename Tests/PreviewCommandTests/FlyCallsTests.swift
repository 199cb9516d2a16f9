import FlySimulator
import PreviewCore
import PreviewSystem
import Testing

/// The page on Fly.io tells each call of each step. What is asked is compared with it.
@Suite("The calls of each step are those that the page on Fly.io tells")
struct FlyCallsTests {
    private static let secrets = "secrets: [ API_KEY ]\n"

    @Test("a first apply makes the calls that the page lists, and no other")
    func firstApply() async throws {
        try await compare { fly, page in
            try await fly.makeRepository()
            try await page.take(["`plan` of something new"], of: fly, "plan")
            try await page.take(
                (1...4).map { "first `apply`: step \($0)" }, of: fly, "apply", "--yes")
            for verb in [["plan"], ["apply", "--yes"]] {
                try await page.take(["`plan` or `apply` again"], of: fly, verb)
            }
            try await page.take([], of: fly, "plan", "--no-refresh")
            try await fly.box.commit("<h1>two</h1>")
            try await page.take(["a new commit"], of: fly, "apply", "--yes")
            try await page.take(["`destroy`"], of: fly, "destroy", "--yes")
        }
    }

    @Test("so it is with secrets, and with an app that is imported")
    func secretsAndImport() async throws {
        try await compare { fly, page in
            try await fly.makeRepository(Self.secrets)
            try fly.box.write(".env", "API_KEY=correct-horse\n")
            let steps = (1...4).map {
                "first `apply`" + ($0 == 3 ? " with secrets" : "") + ": step \($0)"
            }
            try await page.take(steps, of: fly, "apply", "--yes")
            for verb in [["plan"], ["apply", "--yes"]] {
                try await page.take(["`plan` or `apply` again with secrets"], of: fly, verb)
            }
            let app = try fly.box.state().app
            fly.box.removeTree(".preview")
            try await page.take(["`import`"], of: fly, "import", app, "--yes")
        }
    }

    /// Plays a story until it asks what the page says, three times at most: on a busy machine an
    /// answer may be too old to stand for the next one, and a boot may be looked at once more.
    private func compare(
        _ story: (SimulatedFly, inout CallTable) async throws -> Void
    ) async throws {
        var page = try CallTable()
        for _ in 1...3 {
            page.differences = []
            try await SimulatedFly.use { try await story($0, &page) }
            if page.differences.isEmpty { return }
        }
        Issue.record("\(page.differences.joined(separator: "\n"))")
    }
}

/// The table of the page: by run, groups of calls in order, those of a group side by side.
private struct CallTable {
    private var rows: [String: [[String]]] = [:]
    /// Runs that asked something else.
    var differences: [String] = []

    init() throws {
        let page = String(decoding: ProcessTable.read(Self.path), as: UTF8.self)
        for line in page.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.dropFirst(2).dropLast(2).split(separator: " | ").map(String.init)
            guard cells.count == 2, cells[1].hasPrefix("`") else { continue }
            rows[cells[0]] = cells[1].split(separator: " · ").map { group in
                group.split(separator: " + ").map { $0.filter { $0 != "`" } }
            }
        }
        try #require(rows.count >= 11, "the page has its table")
    }

    /// Below the folder of the sources, which this file is in.
    private static let path =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        + "/Sources/PreviewCore/PreviewCore.docc/Fly.md"

    /// Runs the program and compares what it asks with some rows in turn.
    mutating func take(_ names: [String], of fly: SimulatedFly, _ words: String...) async throws {
        try await take(names, of: fly, words)
    }

    mutating func take(_ names: [String], of fly: SimulatedFly, _ words: [String]) async throws {
        var expected: [[String]] = []
        for name in names { expected += try #require(rows[name], "no row \(name)") }
        await fly.world.forgetRequests()
        // The organization is not told, so that the token is asked.
        let outcome = try await fly.box.run(
            [Program.path] + words, with: fly.variables.filter { $0.key != "FLY_ORG" })
        try #require(outcome.code == 0, "\(outcome)")
        let asked = await fly.world.requests.map(\.shape)
        guard Self.grouped(asked, as: expected) != expected else { return }
        differences.append(
            "\(words) asked\n  \(asked)\nand the page says\n  \(expected.flatMap(\.self))")
    }

    /// The calls in groups of the expected sizes. A call that is repeated until something is so
    /// counts once; the order within a group means nothing.
    private static func grouped(_ calls: [String], as expected: [[String]]) -> [[String]] {
        var rest = calls[...]
        var groups: [[String]] = []
        for group in expected {
            let asked = Array(rest.prefix(group.count))
            rest = rest.dropFirst(group.count)
            while group.count == 1, rest.first == group[0], repeated.contains(group[0]) {
                rest = rest.dropFirst()
            }
            groups.append(asked.sorted() == group.sorted() ? group : asked)
        }
        return groups + rest.map { [$0] }
    }

    private static let repeated: Set = ["GET logs", "GET app"]
}

extension RecordedRequest {
    /// As the table writes it.
    fileprivate var shape: String {
        var parts = path.split(separator: "/").map(String.init)
        if parts.first == "api" { return "\(method) logs" }
        parts.removeFirst()
        guard parts.first == "apps", parts.count > 1 else {
            return "\(method) \(parts.joined(separator: "/"))"
        }
        parts.removeFirst(2)
        let state = query.first { $0.name == "state" }.map { "?\($0.value)" } ?? ""
        switch (parts.first, parts.count) {
        case (nil, _): return "\(method) app"
        case ("ip_assignments", _): return "\(method) address"
        case ("machines", 2...):
            return "\(method) "
                + (["machine"] + parts.dropFirst(2)).joined(separator: "/") + state
        default: return "\(method) \(parts.joined(separator: "/"))"
        }
    }
}
