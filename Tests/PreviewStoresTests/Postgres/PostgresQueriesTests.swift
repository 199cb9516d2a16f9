import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "The columns and queries in SQL",
    .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresQueriesTests {
    /// A store with previews in every condition, and the program to ask about them.
    private final class Fleet: Sendable {
        let server: PostgresServer
        let database: String
        let store: PostgresStore
        let states: [State]
        private let folder: ProgramFolder
        private let lock: any StoreLock

        init() async throws {
            server = try await PostgresServer.shared
            database = try await server.makeDatabase()
            store = try PostgresStore(settings: ["url": server.url(database)])
            let conditions = Condition.allCases + [.fresh, .halfway, .completed]
            states = conditions.enumerated().map { Fleet.state($1, number: $0 + 1) }
            for state in states {
                _ = try await store.write(
                    StateFile.encode(state), for: state.app, replacing: nil, keeping: nil)
            }
            let running = states[Condition.allCases.firstIndex(of: .running) ?? 0]
            lock = try await store.lock(
                running.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
            ) { _ in }
            folder = try ProgramFolder()
            try Folder.open(folder.path).writeUserFile(
                "preview.yaml",
                Array(
                    """
                    version: 1
                    repo: https://github.com/acme/shop
                    provider: local
                    state: { store: postgres, url: "\(server.url(database))" }

                    """.utf8))
        }

        /// What the command line says, as JSON.
        func preview(_ arguments: String...) async throws -> JSONValue {
            let result = try await Command(
                try BuiltProgram.path, arguments + ["--json", "-C", folder.path],
                environment: BuiltProgram.environment, directory: folder.path
            ).run()
            let said = String(decoding: result.errorOutput, as: UTF8.self)
            try #require(result.ending.isSuccess, "\(said)")
            return try JSONReader.read(result.output)
        }

        /// Rows of `psql` for a query of the documentation, columns separated by `|`.
        func documented(_ title: String) async throws -> [String] {
            try await server.run(try DocumentedStatements.named(title), in: database)
        }

        func end() async { await lock.release() }

        enum Condition: CaseIterable {
            case fresh, halfway, running, abandoned, failed, undecided, completed, cancelled
            case destroyed, elsewhere
        }

        private static func state(_ condition: Condition, number: Int) -> State {
            let start = Timestamp(seconds: 1_790_000_000)
            let digits = String(repeating: "0", count: 11 - String(number).count) + "\(number)"
            var state = State(
                lineage: "00000000-0000-4000-8000-0\(digits)", serial: number,
                app: "shop-000000\(number < 10 ? "0" : "")\(number)",
                source: String(repeating: "ab", count: 32),
                salt: "00", project: condition == .elsewhere ? "blog" : "shop", user: "ann",
                repository: "https://github.com/acme/shop", branch: "feature/\"é\"", path: "",
                provider: .local, host: "here", createdAt: start + 60 * (number / 2))
            state.updatedAt = start + 3600
            let done =
                switch condition {
                case .fresh: 0
                case .halfway, .running, .abandoned, .undecided, .elsewhere: 2
                case .failed: 1
                case .completed, .cancelled, .destroyed: 4
                }
            for step in StepID.allCases.prefix(done) {
                state[step].applied = Applied(
                    input: [:],
                    output: ["description": "it's done", "previewUrl": "http://127.0.0.1:1/"],
                    at: start + 9, seconds: 1.125 * Double(step.number * number))
            }
            let error = RecordedError(code: .interrupted, message: "no | more \"disk\"")
            func attempt(open: Bool, error: RecordedError?) -> Attempt {
                Attempt(
                    key: "k", action: .create, input: [:], begunAt: start, open: open,
                    error: error)
            }
            switch condition {
            case .running, .abandoned: state[.settings].attempt = attempt(open: true, error: nil)
            case .undecided: state[.settings].attempt = attempt(open: true, error: error)
            case .failed: state[.machine].attempt = attempt(open: false, error: error)
            case .cancelled: state.cancelledAt = start + 99
            case .destroyed: state.destroyedAt = start + 99
            case .completed: state.completedAt = start + 99
            case .fresh, .halfway, .elsewhere: break
            }
            if condition != .fresh { state.startedAt = start + 1 }
            return state
        }
    }

    private func text(_ value: JSONValue?) -> String {
        value?.string ?? value?.int.map { String($0) } ?? ""
    }

    private func rows(_ sessions: JSONValue, _ fields: String...) throws -> [String] {
        try #require(sessions["sessions"]?.array).map { session in
            fields.map { field in
                field == "completedSteps"
                    ? "\(session[field]?.array?.count ?? -1)" : text(session[field])
            }.joined(separator: "|")
        }
    }

    @Test("I7, I8, I10, I11, I13: psql and `preview list` answer the same")
    func lists() async throws {
        let fleet = try await Fleet()
        let all = try await fleet.preview("list")
        #expect(all["total"]?.int == fleet.states.count - 1)
        #expect(
            try await fleet.documented("I7")
                == rows(
                    all, "flyAppName", "overallStatus", "completedSteps", "progress", "previewUrl"))
        let inProgress = try await fleet.preview("list", "--status", "in_progress")
        #expect(
            try await fleet.documented("I8").map { $0.prefix { $0 != "|" } }
                == rows(inProgress, "flyAppName").map { $0[...] })
        let failed = try await fleet.preview("list", "--status", "failed")
        #expect(failed["sessions"]?.array?.count == 3, "an abandoned run is a failure")
        #expect(
            try await fleet.documented("I10")
                == rows(failed, "flyAppName", "errorStep", "errorMessage"))
        #expect(
            try await fleet.documented("I11")
                == rows(fleet.preview("list", "--limit", "10"), "flyAppName"))
        let project = try await fleet.preview("list", "--project", "shop")
        #expect(
            try await fleet.documented("I13")
                == rows(project, "flyAppName", "currentStep", "overallStatus"))
        await fleet.end()
    }

    @Test("I12: psql and `preview history --stats` count and average the same")
    func statistics() async throws {
        let fleet = try await Fleet()
        let said = try await fleet.preview("history", "--stats")
        let statuses = try #require(said["statuses"]?.array).filter { $0["sessions"]?.int != 0 }
        #expect(
            try await fleet.documented("I12: preview history --stats, by status")
                == statuses.map {
                    "\(text($0["status"]))|\(text($0["sessions"]))|"
                        + decimals($0["averageSeconds"])
                }.sorted())
        let steps = try #require(said["steps"]?.array)
        #expect(
            try await fleet.documented("I12: preview history --stats, by step")
                == steps.map {
                    "\(text($0["step"]))|\(text($0["completed"]))|\(text($0["failed"]))|"
                        + decimals($0["averageSeconds"])
                })
        await fleet.end()
    }

    /// With three decimals, as `round(…, 3)` has.
    private func decimals(_ value: JSONValue?) -> String {
        let thousandths = Int(((value?.double ?? -1) * 1000).rounded())
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    @Test("I9: `get_setup_session_progress` is what `preview status` says, for every session")
    func progress() async throws {
        let fleet = try await Fleet()
        let statement = try DocumentedStatements.named("I9")
        for state in fleet.states where !state.isDestroyed {
            let session = try await fleet.preview("status", state.lineage)
            let rows = try await fleet.server.run(
                statement.replacing(fleet.states[0].lineage, with: state.lineage),
                in: fleet.database)
            let fields = [
                "currentStep", "overallStatus", "step1Status", "step2Status", "step3Status",
                "step4Status", "progress", "errorStep", "errorMessage",
            ]
            #expect(rows == [fields.map { text(session[$0]) }.joined(separator: "|")])
        }
        await fleet.end()
    }

    @Test("every field of a session has its column, with what the document says")
    func columns() async throws {
        let fleet = try await Fleet()
        for state in fleet.states {
            let document = try JSONReader.read(StateFile.encode(state))
            let session = try #require(document["session"])
            let members = try #require(session.object).members.map(\.name)
            let answers = try await fleet.server.run(
                members.map { Self.comparison(of: $0, in: state.app) }.joined(separator: ";\n"),
                in: fleet.database)
            #expect(answers == members.map { "\($0)|t" }, "\(state.app)")
        }
        await fleet.end()
    }

    /// Asks whether a column is what a member of the document's session is.
    private static func comparison(of member: String, in app: String) -> String {
        let column = member.reduce("") {
            $0 + ($1.isUppercase ? "_\($1.lowercased())" : String($1))
        }
        return """
            SELECT '\(member)', CASE
                WHEN to_jsonb(\(column)) IS NULL THEN member = 'null'
                WHEN pg_typeof(\(column)) = 'timestamptz'::regtype
                    THEN to_jsonb(\(column)) = to_jsonb((member #>> '{}')::timestamptz)
                ELSE to_jsonb(\(column)) = member END
            FROM machine_setup_sessions, LATERAL (
                SELECT convert_from(document, 'UTF8')::jsonb -> 'session' -> '\(member)'
            ) AS _ (member) WHERE app = '\(app)'
            """
    }

    @Test("columns cannot be made to say anything else, and are empty for what is no document")
    func columnsFollow() async throws {
        let fleet = try await Fleet()
        let app = fleet.states[0].app
        let ask = "SELECT overall_status FROM machine_setup_sessions WHERE app = '\(app)'"
        let update = "UPDATE machine_setup_sessions SET overall_status = 'completed'"
        #expect(
            try await fleet.server.run("\(update); \(ask)", in: fleet.database) == ["in_progress"])
        let stored = try #require(try await fleet.store.read(app))
        for bytes in [[0xFF, 0x00], Array("{\"session\":{\"id\":\"none\"}}".utf8), []] {
            _ = try await fleet.store.remove(app)
            _ = try await fleet.store.write(bytes, for: app, replacing: nil, keeping: nil)
            #expect(try await fleet.store.read(app)?.bytes == bytes)
            #expect(try await fleet.server.run(ask, in: fleet.database) == [])
        }
        _ = try await fleet.store.remove(app)
        _ = try await fleet.store.write(stored.bytes, for: app, replacing: nil, keeping: nil)
        #expect(try await fleet.server.run(ask, in: fleet.database) == ["in_progress"])
        await fleet.end()
    }

    @Test("ten thousand records are listed and read in portions")
    func many() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let store = try PostgresStore(settings: ["url": server.url(database)])
        try await store.prepare()
        try await server.run(
            """
            INSERT INTO machine_setup_sessions (app, document)
            SELECT 'shop-' || to_char(number, 'FM00000'), convert_to('{}', 'UTF8')
            FROM generate_series(0, 10000) AS number
            """, in: database)
        let names = try await store.list()
        #expect(names.count == 10001 && Set(names).count == 10001)
        let some = Array(names.prefix(63)) + ["shop-none"]
        let read = try await store.read(all: some)
        #expect(read.map(\.app) == some)
        for (app, stored) in read {
            #expect(try stored.get()?.bytes == (app == "shop-none" ? nil : Array("{}".utf8)))
        }
    }
}
