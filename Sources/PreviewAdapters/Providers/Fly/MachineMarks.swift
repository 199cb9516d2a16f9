import PreviewCore

/// What is written on a machine of Fly, as its metadata: whose it is and what it is to be
/// (ENGINE section 2). Metadata can be read by anybody in the organization, so nothing in it is
/// secret.
struct MachineMarks: Hashable, Sendable {
    var owner: Ownership
    /// Key of the attempt that made or last changed the machine.
    var attempt: String
    /// SHA-256 of the effective config.
    var config = ""
    /// Full commit to be booted; empty until step 4.
    var commit = ""
    var expiresAt: Timestamp?
    /// Revision of the settings the machine has; empty until step 3.
    var settings = ""
    /// Names of the variables that are the person's, and not ours.
    var variables: [String] = []
    /// Digest over the platform's own digests of the secrets, by which a change outside is seen.
    var secrets = ""
    /// A short digest of each part of the config, by name.
    var parts: [String: String] = [:]

    /// Marks of a machine that was just made.
    init(owner: Ownership, attempt: String, expiresAt: Timestamp?) {
        self.owner = owner
        self.attempt = attempt
        self.expiresAt = expiresAt
    }

    /// Reads the marks of a machine; `nil` for one that carries none of ours.
    init?(_ metadata: [String: String]) {
        guard let lineage = metadata[Key.lineage], let source = metadata[Key.source] else {
            return nil
        }
        owner = Ownership(lineage: lineage, source: source)
        attempt = metadata[Key.attempt] ?? ""
        config = metadata[Key.config] ?? ""
        commit = metadata[Key.commit] ?? ""
        expiresAt = metadata[Key.expires].flatMap { Timestamp($0) }
        settings = metadata[Key.settings] ?? ""
        variables = (metadata[Key.variables] ?? "").split(separator: ",").map(String.init)
        secrets = metadata[Key.secrets] ?? ""
        for part in (metadata[Key.parts] ?? "").split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { parts[sides[0]] = sides[1] }
        }
    }

    /// What stands in the place of a time for a machine without an end of life.
    static let never = "never"

    /// The names of the metadata.
    enum Key {
        static let lineage = "preview_lineage"
        static let attempt = "preview_attempt"
        static let source = "preview_source"
        static let config = "preview_config"
        static let commit = "preview_commit"
        static let expires = "preview_expires"
        static let settings = "preview_settings"
        static let variables = "preview_variables"
        static let secrets = "preview_secrets"
        static let parts = "preview_parts"
    }

    /// The marks as metadata.
    var metadata: [String: String] {
        [
            Key.lineage: owner.lineage, Key.attempt: attempt, Key.source: owner.source,
            Key.config: config, Key.commit: commit, Key.expires: expiresAt?.text ?? Self.never,
            Key.settings: settings, Key.variables: variables.sorted().joined(separator: ","),
            Key.secrets: secrets,
            Key.parts: parts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                .joined(separator: ","),
        ]
    }
}

extension FlyMachine {
    /// Our marks, if it carries any.
    var marks: MachineMarks? { MachineMarks(metadata) }

    /// Whether it carries the marks of another record than the one that knows it as `machine`.
    func isTakenOver(from machine: Machine) -> Bool {
        guard let owner = marks?.owner, let lineage = machine.lineage else { return false }
        return owner.lineage != lineage
    }
}
