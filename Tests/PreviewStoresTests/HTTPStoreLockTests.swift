import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "Locks and writers of the store http",
    .enabled(if: StateServer.python != nil, "needs python3")
)
struct HTTPStoreLockTests {
    private let app = "shop-4f1c9a2e"

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        await #expect(throws: Failure.self) { try await body() }
    }

    @Test("a lock whose answer was lost is ours, and is given back")
    func lostLock() async throws {
        try await StateServer.run { server in
            let store = try server.store()
            try await server.plan([("LOCK", "lost"), ("UNLOCK", "lost")])
            let lock = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            await lock.release()
            #expect(try await server.store(machine: "there").holder(of: app) == nil)
        }
    }

    @Test("the lock of the same id and another process is not ours, though an answer was lost")
    func sameID() async throws {
        try await StateServer.run { server in
            let lock = try await server.store().lock(
                app, for: .test("restore"), timeout: .zero, waiting: { _ in })
            try await server.plan([("LOCK", "lost")])
            let failure = await failure {
                _ = try await server.store(machine: "there").lock(
                    app, for: .test("restore", host: "there"), timeout: .zero, waiting: { _ in })
            }
            #expect(failure?.code == .locked)
            await lock.release()
        }
    }

    @Test(
        "R-14, R-42: whoever lost the lock can neither write nor free it",
        arguments: [["--tags=none"], ["--tags=strong"], ["--locks=plain", "--tags=weak"]])
    func lostToAnother(_ options: [String]) async throws {
        try await StateServer.run(options) { server in
            let (store, other) = (try server.store(), try server.store(machine: "there"))
            let first = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            try await other.breakLock(of: app, heldBy: "lock-1")
            let second = try await other.lock(
                app, for: .test("lock-2", host: "there"), timeout: .zero, waiting: { _ in })
            let late = await failure {
                _ = try await store.write(document(2), for: app, replacing: version, keeping: 1)
            }
            #expect(late?.code == .lockLost && late?.kind == .locked)
            _ = try await other.write(document(3), for: app, replacing: version, keeping: 1)
            let later = await failure {
                _ = try await store.write(document(2), for: app, replacing: version, keeping: 1)
            }
            #expect(later?.code == .writeConflict)
            await first.release()
            let third = try server.store(machine: "third")
            #expect(try await third.holder(of: app)?.id == "lock-2")
            await second.release()
            #expect(try await server.document(app) == document(3))
        }
    }

    @Test("R-44: a holder that runs on this machine is never overridden, a dead one is")
    func livingHolder() async throws {
        try await StateServer.run { server in
            let now = Timestamp(seconds: Int(Moment.unixMilliseconds / 1000))
            // Another folder of this machine, so that only the process tells.
            let (mine, other) = (try server.store(machine: "here"), try server.store())
            var holder = LockHolder.test("lock-1")
            (holder.process, holder.since) = (Host.processID, now)
            let lock = try await server.store(machine: "elsewhere").lock(
                app, for: holder, timeout: .zero, waiting: { _ in })
            let alive = await failure { try await mine.breakLock(of: app, heldBy: "lock-1") }
            #expect(alive?.code == .holderAlive && alive?.kind == .locked)
            #expect(try await other.holder(of: app)?.id == "lock-1")
            await lock.release()
            // The number belongs to a process that began after the lock was taken.
            holder.since = Timestamp(seconds: 1)
            _ = try await server.store(machine: "elsewhere").lock(
                app, for: holder, timeout: .zero, waiting: { _ in })
            try await mine.breakLock(of: app, heldBy: "lock-1")
            #expect(try await mine.holder(of: app) == nil)
        }
    }

    @Test("R-44: also where the server mixes up who holds a lock, a run of this folder is spared")
    func mixedUpHolder() async throws {
        try await StateServer.run(["--locks=plain"]) { server in
            let lock = try await server.store().lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let alive = await failure {
                try await server.store().breakLock(of: app, heldBy: "lock-1")
            }
            #expect(alive?.code == .holderAlive)
            let there = try await server.store(machine: "there").holder(of: app)
            #expect(there?.id == "lock-1" && there?.user == "ann")
            #expect(there?.host == "unknown" && there?.command == "unknown", "not the asker's own")
            await lock.release()
        }
    }

    @Test("a server that does not say who holds the lock still locks")
    func silentServer() async throws {
        try await StateServer.run(["--locks=silent"]) { server in
            let lock = try await server.store().lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let other = try server.store(machine: "there")
            let failure = await failure {
                _ = try await other.lock(
                    app, for: .test("lock-2"), timeout: .zero, waiting: { _ in })
            }
            #expect(failure?.code == .locked)
            #expect(try await other.holder(of: app)?.id == "unknown")
            await lock.release()
        }
    }

    @Test("with entity tags a writer needs no lock while another run has it, as `cancel` does")
    func writeBesideLock() async throws {
        try await StateServer.run(["--tags=strong"]) { server in
            let store = try server.store()
            let lock = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            let other = try server.store(machine: "there")
            _ = try await other.write(document(2), for: app, replacing: version, keeping: 1)
            let noticed = await failure {
                _ = try await store.write(document(3), for: app, replacing: version, keeping: 1)
            }
            #expect(noticed?.code == .writeConflict)
            #expect(try await server.document(app) == document(2))
            await lock.release()
        }
    }

    @Test("without entity tags it waits for the lock, and then says who has it")
    func writeBehindLock() async throws {
        try await StateServer.run { server in
            let store = try server.store()
            let lock = try await store.lock(
                app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            let other = try server.store(machine: "there") { $0.lockPatience = .milliseconds(100) }
            let refused = await failure {
                _ = try await other.write(document(2), for: app, replacing: version, keeping: 1)
            }
            #expect(refused?.code == .locked)
            #expect(refused?.evidence.contains { $0.text.contains("lock-1") } == true)
            await lock.release()
            _ = try await other.write(document(2), for: app, replacing: version, keeping: 1)
        }
    }

    @Test("R-16: a run that was cancelled still records what it knows and gives the lock back")
    func cancelledRun() async throws {
        try await StateServer.run { server in
            let store = try server.store()
            let run = Task {
                let lock = try await store.lock(
                    app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
                withUnsafeCurrentTask { $0?.cancel() }
                #expect(Task.isCancelled)
                _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
                await lock.release()
            }
            try await run.value
            #expect(try await server.document(app) == document(1))
            #expect(try await server.store(machine: "there").holder(of: app) == nil)
        }
    }

    @Test("a write names its lock beside the query of the address")
    func query() async throws {
        try await StateServer.run { server in
            let address = "\(server.address)/state/{app}?env=ci"
            let store = try server.store(["address": address])
            let lock = try await store.lock(
                app, for: .test("lock 1"), timeout: .zero, waiting: { _ in })
            _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            await lock.release()
            let log = try await server.log()
            #expect(log.contains("POST /state/\(app)?env=ci&ID=lock%201 If-None-Match: *"))
            #expect(log.first == "LOCK /state/\(app)?env=ci")
            #expect(log.last == "UNLOCK /state/\(app)?env=ci")
        }
    }

    @Test("only what this machine knows is listed, of that only what the server has")
    func list() async throws {
        try await StateServer.run { server in
            let (store, other) = (try server.store(), try server.store(machine: "there"))
            for name in ["shop-00000001", "shop-00000002"] {
                _ = try await store.write(document(1), for: name, replacing: nil, keeping: nil)
            }
            _ = try await other.write(
                document(1), for: "shop-00000003", replacing: nil, keeping: nil)
            #expect(try await store.list().sorted() == ["shop-00000001", "shop-00000002"])
            #expect(try await other.list() == ["shop-00000003"])
            try await other.remove("shop-00000001")
            #expect(try await store.list() == ["shop-00000002"])
        }
    }

    @Test("a preview that another machine destroyed and began again is no damage here")
    func beganAgainElsewhere() async throws {
        try await StateServer.run { server in
            let (store, other) = (try server.store(), try server.store(machine: "there"))
            func bytes(_ lineage: String, _ serial: Int) -> [UInt8] {
                StateFile.encode(
                    State(
                        lineage: lineage, serial: serial, app: app, source: "s", salt: "00",
                        project: "shop", user: "ann", repository: "r", branch: "main", path: "",
                        provider: .fly, createdAt: Timestamp(seconds: 1)))
            }
            let first = try await store.write(
                bytes("old", 1), for: app, replacing: nil, keeping: nil)
            let second = try await store.write(
                bytes("old", 2), for: app, replacing: first, keeping: 1)
            let third = try await other.write(
                bytes("old", 3), for: app, replacing: second, keeping: 2)
            _ = try await other.write(bytes("new", 4), for: app, replacing: third, keeping: 3)
            #expect(try await StateRecord.load(app, from: store)?.state.lineage == "new")
            // What replaced the very next version here tells all the same.
            let damaged = await failure { _ = try await StateRecord.load(app, from: other) }
            #expect(damaged?.code == .stateForeign)
        }
    }
}

extension LockHolder {
    /// A holder that is no process of this machine.
    static func test(_ id: String, host: String = "here") -> LockHolder {
        LockHolder(
            id: id, user: "ann", host: host, process: 1 << 30, command: "preview apply",
            since: Timestamp(seconds: 1_700_000_000))
    }
}
