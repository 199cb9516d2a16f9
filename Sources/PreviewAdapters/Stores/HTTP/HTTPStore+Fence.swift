package import PreviewCore
import PreviewSystem

extension HTTPStore {
    /// By which of a write's conditions a server keeps two writers apart.
    enum Fence: Sendable {
        /// It compares `If-Match` with its entity tags.
        case entityTags
        /// It refuses writes that do not name the lock that is held.
        case lockIDs
    }

    package func examine() async throws -> StoreStanding {
        let time = try await client.time(askingFor: "preview-probe")
        let fence =
            try await honoursTags(for: "preview-probe")
            ? "a write with a wrong `If-Match` was refused as it must"
            : "by the lock's ID, which is proven before the first write of a run"
        return StoreStanding(fence: fence, time: time)
    }

    private static let wrongTag = "\"preview-probe\""
    private static let wrongID = "preview-probe"

    /// Whether the server compares entity tags. Found out by a write to a name that nobody has, which
    /// must be refused, so that no record is touched.
    func honoursTags(for app: String) async throws -> Bool {
        if let known = fence.withLock({ $0 }) { return known == .entityTags }
        let name = "preview-probe-\(Digest.hexadecimal(Moment.randomBytes(8)))"
        let (answer, _) = try await client.post(
            Array("{}".utf8), of: name, under: nil, if: .unchanged(tag: Self.wrongTag))
        switch answer {
        case .otherwise:
            fence.withLock { $0 = .entityTags }
            return true
        case .done: try await client.remove(name, under: nil)
        case .locked: break
        }
        return false
    }

    /// Proves, once for this store and under a lock, that a write which must not be done is refused; true
    /// where proving it has written `next`.
    ///
    /// What is written with a wrong lock ID is what is there already, or, where nothing is, what is to be
    /// there: on a server that takes it nothing is lost. `current`: what was read under the lock.
    /// - Throws: ``ErrorCode/storeUnsafe`` where the server takes any write.
    func prove(
        _ app: String, holds current: HTTPStateClient.Document?, next: [UInt8],
        under lockID: String
    ) async throws -> (isWritten: Bool, fence: Fence) {
        if let known = fence.withLock({ $0 }) { return (false, known) }
        if current?.tag != nil, try await honoursTags(for: app) { return (false, .entityTags) }
        let (answer, _) = try await client.post(
            current?.bytes ?? next, of: app, under: Self.wrongID,
            if: current == nil ? .nothingThere : .none)
        switch answer {
        case .locked:
            fence.withLock { $0 = .lockIDs }
            return (false, .lockIDs)
        case .otherwise: throw conflict(app)
        case .done: break
        }
        if current == nil {
            let made = try await client.document(of: app)
            if made?.tag != nil, try await honoursTags(for: app) { return (true, .entityTags) }
            try await client.remove(app, under: lockID)
        }
        throw Failure(
            .storeUnsafe, .refused, "the server of the record takes every write",
            evidence: [
                .init("address", place(of: app)),
                .init("tried", "a write with the ID of another lock was not refused"),
            ],
            fix: "use a server that checks the lock's ID or `If-Match`, such as GitLab, or another "
                + "store")
    }
}
