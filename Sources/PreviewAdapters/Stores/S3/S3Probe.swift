import PreviewCore
import PreviewSystem

/// Finds out whether a store checks the conditions of writes, before anything is entrusted to it.
///
/// One small object stays in the bucket for that. Two writes of it whose conditions are not true go
/// out side by side, and both must be refused: one round trip a process, before its first write or
/// lock, and a proof of what the server does now. The first process ever makes the object.
struct S3Probe: Sendable {
    private let client: S3Client
    private let key: String
    private let isDone = Locked(false)

    init(_ client: S3Client) {
        self.client = client
        key = client.settings.prefix + "_preview/probe.json"
    }

    /// Asks, unless that was done already.
    ///
    /// - Throws: ``Failure`` with ``ErrorCode/storeUnsafe``.
    func run() async throws {
        guard !isDone.withLock(\.self) else { return }
        // A tag that no object has, in the form of those of S3.
        let stale = StoreVersion("\"00000000000000000000000000000000\"")
        async let created = write(.absent)
        async let replaced = write(.version(stale))
        var ignored: [String] = []
        // Where the object was not there yet, the second attempt to create it is the question.
        if try await created, try await write(.absent) { ignored.append("If-None-Match: *") }
        if try await replaced { ignored.append("If-Match") }
        guard ignored.isEmpty else {
            throw Failure.storeIgnoresConditions(
                client.settings, evidence: ignored.map { .init("ignored", $0) })
        }
        isDone.withLock { $0 = true }
    }

    /// What time it is at the store, where it tells.
    func time() async throws -> Timestamp? { try await client.look(key).date }

    /// Whether a write was not refused.
    private func write(_ condition: S3Client.Condition) async throws -> Bool {
        let text = "{\"about\":\"shows whether this store checks the conditions of writes\"}\n"
        return try await client.put(key, Array(text.utf8), if: condition) != nil
    }
}
