/// What the record knows of secrets: enough to see a change, too slow to guess (ENGINE section 7).
package struct SecretsFingerprint: Codable, Hashable, Sendable {
    /// Sorted: their order in the file means nothing.
    package var names: [String]
    /// One digest over all secrets, compared first so that an unchanged plan derives only once;
    /// `nil` without secrets, or when nothing is recorded yet and a value is not available here.
    package var joint: String?
    /// A digest per name, without those whose value was never seen.
    package var digests: [String: String]

    package init(names: [String] = [], joint: String? = nil, digests: [String: String] = [:]) {
        self.names = names
        self.joint = joint
        self.digests = digests
    }

    /// Looks at the values that are available and compares them with the recorded fingerprint.
    ///
    /// A secret that is not available here keeps its recorded digest: it is no change.
    ///
    /// `values`: name and value of every secret that is available.
    /// `salt`: the state's salt, in hexadecimal.
    package static func make(
        names: [String], values: [String: String], salt: String, recorded: SecretsFingerprint?
    ) -> SecretsFingerprint {
        guard !names.isEmpty else { return SecretsFingerprint() }
        let names = names.sorted()
        let isComplete = names.allSatisfy { values[$0] != nil }
        if isComplete {
            let joint = joint(names: names, values: values, salt: salt)
            if let recorded, recorded.joint == joint, recorded.names == names {
                return SecretsFingerprint(names: names, joint: joint, digests: recorded.digests)
            }
            return SecretsFingerprint(
                names: names, joint: joint,
                digests: values.reduce(into: [:]) { digests, secret in
                    digests[secret.key] = digest(secret.key, secret.value, salt: salt)
                })
        }
        return partial(names: names, values: values, salt: salt, recorded: recorded)
    }

    private static func partial(
        names: [String], values: [String: String], salt: String, recorded: SecretsFingerprint?
    ) -> SecretsFingerprint {
        var digests: [String: String] = [:]
        for name in names {
            digests[name] =
                values[name].map { digest(name, $0, salt: salt) } ?? recorded?.digests[name]
        }
        let isUnchanged = recorded?.digests == digests && recorded?.names == names
        return SecretsFingerprint(
            names: names, joint: isUnchanged ? recorded?.joint : nil, digests: digests)
    }

    private static func joint(names: [String], values: [String: String], salt: String) -> String {
        let all: [JSONValue] = names.map { [.string($0), .string(values[$0] ?? "")] }
        return stretched(JSONWriter.canonical(.array(all)), salt: salt)
    }

    private static func digest(_ name: String, _ value: String, salt: String) -> String {
        stretched(JSONWriter.canonical([.string(name), .string(value)]), salt: salt)
    }

    /// The parameters stand beside the digest so that they can be raised later.
    private static func stretched(_ bytes: [UInt8], salt: String) -> String {
        "scrypt:8192:8:1:"
            + Digest.hexadecimal(
                Digest.stretched(bytes, salt: Array("preview-secret\n\(salt)".utf8)))
    }
}

/// Secret values, read inside the step that needs them.
package enum SecretValues {
    /// Every secret's value by name.
    ///
    /// - Throws: ``Rejection`` naming all that are not available here, or the one that cannot be
    ///   read: nothing has happened yet.
    package static func resolve(
        _ references: [SecretReference], from source: any SecretSource
    ) throws -> [String: String] {
        var values: [String: String] = [:]
        var missing: [SecretReference] = []
        for reference in references {
            do {
                values[reference.name] = try source.value(of: reference)
            } catch let failure as Failure {
                throw Rejection(failure)
            }
            if values[reference.name] == nil { missing.append(reference) }
        }
        guard missing.isEmpty else { throw Rejection(failure(missing)) }
        return values
    }

    private static func failure(_ missing: [SecretReference]) -> Failure {
        let names = missing.map { "`\($0.name)`" }.joined(separator: ", ")
        return Failure(
            .secretMissing,
            missing.count == 1
                ? "the secret \(names) is not available here"
                : "the secrets \(names) are not available here",
            evidence: missing.map { .init("looked in", $0.source.place) },
            fix: "export it in this shell, add it to .env, or correct `from:` in preview.yaml")
    }
}

extension SecretReference.Source {
    /// Where a value is looked for, in words.
    package var place: String {
        switch self {
        case .environment(let name): "environment variable \(name), then .env"
        case .file(let path): "file \(path)"
        }
    }
}
