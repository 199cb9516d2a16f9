import PreviewCore
import PreviewSystem

/// Leases as objects of a bucket, apart from the records, so that a lock alone is no record.
struct S3LeaseShelf: LeaseShelf {
    private let client: S3Client
    private let probe: S3Probe

    /// The longest that one renewal may take, well within a lease.
    private static let patience = Duration.seconds(15)

    init(_ client: S3Client, probe: S3Probe) {
        var client = client
        client.retries.timeLimit = min(client.retries.timeLimit, Self.patience)
        self.client = client
        self.probe = probe
    }

    func look(_ app: String) async throws -> LeaseView {
        let look = try await client.look(key(app))
        // A store without a date has no better clock than ours.
        let now = look.date ?? Timestamp(seconds: Int(Moment.unixMilliseconds / 1000))
        guard let object = look.object else {
            return LeaseView(record: nil, version: nil, now: now)
        }
        do {
            let record: LeaseRecord = try JSONReader.read(object.bytes).decoded()
            return LeaseView(record: record, version: object.version, now: now)
        } catch {
            throw Failure(
                .stateDamaged, .stateNeedsRecovery, "the lock of \(app) cannot be read",
                evidence: [.init("object", client.settings.place(of: key(app)))],
                fix: "if no run is under way, delete this object")
        }
    }

    func put(
        _ record: LeaseRecord, of app: String, replacing version: StoreVersion?
    ) async throws -> Bool {
        try await probe.run()
        let bytes = JSONWriter.line(try JSONValue.encoding(record))
        return try await client.put(
            key(app), bytes, if: version.map { .version($0) } ?? .absent) != nil
    }

    func clear(_ app: String, seen version: StoreVersion) async throws {
        try await client.delete(key(app), if: version)
    }

    private func key(_ app: String) -> String {
        "\(client.settings.prefix)_preview/locks/\(app).json"
    }
}
