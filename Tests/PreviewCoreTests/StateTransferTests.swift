import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Records that are taken elsewhere")
struct StateTransferTests {
    private static let app = "shop-4f1c9a2e"

    private func state(serial: Int, lineage: String = "one") async throws -> State {
        var state = try await StateFileTests.full()
        state.serial = serial
        state.lineage = lineage
        return state
    }

    /// A store with the serials given, in order.
    private func store(_ serials: [Int], lineage: String = "one") async throws -> SimulatedStore {
        let store = SimulatedStore()
        var (version, previous): (StoreVersion?, Int?) = (nil, nil)
        for serial in serials {
            let bytes = StateFile.encode(try await state(serial: serial, lineage: lineage))
            version = try await store.write(
                bytes, for: Self.app, replacing: version, keeping: previous)
            previous = serial
        }
        return store
    }

    private func push(
        _ state: State, to store: SimulatedStore, force: Bool = false, source: String? = nil
    ) async throws -> Int? {
        try await StatePush(
            store: store, folder: Self.app, now: { Timestamp(seconds: 1_800_000_000) }
        ).push(StateFile.encode(state), source: source, force: force)
    }

    private func serial(in store: SimulatedStore) async throws -> Int? {
        try await StateRecord.load(Self.app, from: store)?.state.serial
    }

    @Test("a push takes what is newer, as it is, and what is there already is no change")
    func pushesNewer() async throws {
        let store = try await store([3])
        #expect(try await push(state(serial: 7), to: store) == 7)
        #expect(try await push(state(serial: 7), to: store) == nil)
        #expect(try await store.kept(Self.app).map(\.serial) == [3])
        let empty = SimulatedStore()
        #expect(try await push(state(serial: 5), to: empty) == 5)
        #expect(
            try await empty.read(Self.app)?.bytes == StateFile.encode(state(serial: 5)))
    }

    @Test("a push of an older, equal or foreign record is refused, and forced it counts on")
    func refusesOlder() async throws {
        let store = try await store([3, 4])
        for (serial, lineage, code) in [
            (3, "one", ErrorCode.olderRecord), (4, "one", .olderRecord), (9, "two", .stateForeign),
        ] {
            var pushed = try await self.state(serial: serial, lineage: lineage)
            pushed.project = "changed"
            let document = pushed
            let failure = await #expect(throws: Failure.self) {
                _ = try await self.push(document, to: store)
            }
            #expect(failure?.code == code, "\(serial) \(lineage)")
            #expect(try await self.serial(in: store) == 4)
        }
        #expect(try await push(state(serial: 2), to: store, force: true) == 6)
        #expect(try await serial(in: store) == 6)
    }

    @Test("a push of a damaged document, or of another preview's, changes nothing, forced or not")
    func refusesDamage() async throws {
        let store = try await store([3])
        let cut = Array(StateFile.encode(try await state(serial: 9)).dropLast(20))
        let pushing = StatePush(
            store: store, folder: Self.app, now: { Timestamp(seconds: 1_800_000_000) })
        let damage = await #expect(throws: Failure.self) {
            _ = try await pushing.push(cut, source: nil, force: true)
        }
        #expect(damage?.code == .stateDamaged)
        let other = await #expect(throws: Failure.self) {
            _ = try await push(state(serial: 9), to: store, force: true, source: "another")
        }
        #expect(other?.code == .stateForeign)
        #expect(try await serial(in: store) == 3)
    }

    @Test("a migration copies a record with its versions, there and back without loss")
    func migrates() async throws {
        let source = try await store([1, 2, 3, 4, 5, 6, 7])
        let target = SimulatedStore()
        let there = StateMigration(from: source, to: target)
        #expect(try await there.copy(Self.app) == .copied(versions: 6))
        #expect(try await target.read(Self.app)?.bytes == source.read(Self.app)?.bytes)
        let kept = try await source.kept(Self.app)
        #expect(try await target.kept(Self.app).map(\.bytes) == kept.map(\.bytes))
        #expect(try await target.kept(Self.app).map(\.serial) == kept.map(\.serial))
        #expect(try await there.copy(Self.app) == .present)
        #expect(try await there.copy("other-00000000") == .absent)
        let back = SimulatedStore()
        _ = try await StateMigration(from: target, to: back).copy(Self.app)
        #expect(try await back.read(Self.app)?.bytes == source.read(Self.app)?.bytes)
        #expect(try await back.kept(Self.app).map(\.bytes) == kept.map(\.bytes))
    }

    @Test("a migration that is interrupted after any write goes on where it stopped")
    func resumes() async throws {
        let source = try await store([1, 2, 3, 4])
        for writes in 0..<4 {
            let target = SimulatedStore()
            let left = LastEffects(writes)
            await target.setHook { try await left.take() }
            _ = try? await StateMigration(from: source, to: target).copy(Self.app)
            await target.setHook {}
            _ = try await StateMigration(from: source, to: target).copy(Self.app)
            #expect(try await target.read(Self.app)?.bytes == source.read(Self.app)?.bytes)
            #expect(try await target.kept(Self.app).map(\.serial) == [3, 2, 1], "\(writes)")
        }
    }

    @Test("a migration never replaces a newer record, or another preview's")
    func keepsNewer() async throws {
        let source = try await store([3])
        for (target, code) in [
            (try await store([9]), ErrorCode.olderRecord),
            (try await store([1], lineage: "two"), .stateForeign),
        ] {
            let before = try await target.read(Self.app)
            let failure = await #expect(throws: Failure.self) {
                _ = try await StateMigration(from: source, to: target).copy(Self.app)
            }
            #expect(failure?.code == code)
            #expect(try await target.read(Self.app) == before)
        }
    }

    /// Lets so many effects happen, and no more.
    private actor LastEffects {
        private var left: Int

        init(_ writes: Int) { left = writes * 2 }

        func take() throws {
            guard left > 0 else { throw Failure(.storeUnavailable, "cut off") }
            left -= 1
        }
    }
}
