import PreviewCore

/// The secrets of an app, in versions that count up with every change.
struct SecretVault: Sendable {
    struct Secret: Sendable {
        var name: String
        var value: String
        var digest: String
        var createdAt: Instant
        var updatedAt: Instant
    }

    private struct Snapshot: Sendable {
        var version: Int
        var since: Instant
        var secrets: [String: Secret]
    }

    private let salt: String
    private var snapshots: [Snapshot] = []

    /// `salt` goes into the digests, so that nobody outside can compute them (reference, section 7).
    init(salt: String) {
        self.salt = salt
    }

    var version: Int { snapshots.last?.version ?? 0 }

    /// All secrets by name.
    var secrets: [Secret] {
        (snapshots.last?.secrets ?? [:]).values.sorted { $0.name < $1.name }
    }

    subscript(name: String) -> Secret? { snapshots.last?.secrets[name] }

    /// Sets the values and removes the secrets that have none; the new version.
    mutating func set(_ values: [String: String?], at now: Instant) -> Int {
        var secrets = snapshots.last?.secrets ?? [:]
        for (name, value) in values {
            secrets[name] = value.map { value in
                Secret(
                    name: name, value: value,
                    digest: String(Digest.hex(Array((salt + value).utf8)).prefix(16)),
                    createdAt: secrets[name]?.createdAt ?? now, updatedAt: now)
            }
        }
        snapshots.append(Snapshot(version: version + 1, since: now, secrets: secrets))
        return version
    }

    /// The values a machine that boots at `now` gets: the newest known everywhere by then, but at
    /// least `minimum`.
    func values(at now: Instant, lag: Duration, atLeast minimum: Int?) -> [String: String] {
        let known = snapshots.last { $0.since + lag <= now || $0.version == minimum }
        return (known?.secrets ?? [:]).mapValues(\.value)
    }
}
