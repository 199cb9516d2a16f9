import PreviewCore

extension FlyModel {
    /// `GET /v1/apps/{app}/secrets` (reference, section 7).
    func listSecrets(_ call: Call) throws(APIError) -> Reply {
        let vault = try vault(for: call)
        let showsValues = try showsValues(call)
        return .now(
            .json(
                200,
                ["secrets": .array(vault.secrets.map { json($0, showingValue: showsValues) })]))
    }

    /// `POST /v1/apps/{app}/secrets`; null unsets.
    mutating func updateSecrets(_ call: Call) throws(APIError) -> Reply {
        guard let values = call.body.given("values")?.object else {
            throw .invalid("values are required")
        }
        var changes: [String: String?] = [:]
        for member in values.members {
            try Self.checkSecretName(member.name)
            guard member.value.isNull || member.value.string != nil else {
                throw .invalid("values must be strings or null")
            }
            changes.updateValue(member.value.string, forKey: member.name)
        }
        let version = change(changes, ofApp: call.app)
        let secrets = try app(of: call).secrets.secrets
        return .now(
            .json(
                200,
                [
                    "secrets": .array(secrets.map { json($0, showingValue: false) }),
                    "version": .int(version), "Version": .int(version),
                ]))
    }

    /// `GET /v1/apps/{app}/secrets/{name}`.
    func getSecret(_ call: Call) throws(APIError) -> Reply {
        guard let secret = try vault(for: call)[call.parameters["name"] ?? ""] else {
            throw APIError(404, "secret not found")
        }
        return .now(.json(200, json(secret, showingValue: try showsValues(call))))
    }

    /// `POST /v1/apps/{app}/secrets/{name}`.
    mutating func setSecret(_ call: Call) throws(APIError) -> Reply {
        let name = call.parameters["name"] ?? ""
        try Self.checkSecretName(name)
        guard let value = call.body.given("value")?.string else {
            throw .invalid("value is required")
        }
        let version = change([name: value], ofApp: call.app)
        guard let secret = try app(of: call).secrets[name],
            var answer = json(secret, showingValue: false).object
        else { throw APIError(404, "secret not found") }
        answer["version"] = .int(version)
        answer["Version"] = .int(version)
        return .now(.json(201, .object(answer)))
    }

    /// `DELETE /v1/apps/{app}/secrets/{name}`.
    mutating func deleteSecret(_ call: Call) throws(APIError) -> Reply {
        let name = call.parameters["name"] ?? ""
        guard try app(of: call).secrets[name] != nil else {
            throw APIError(404, "secret not found")
        }
        let version = change([name: nil], ofApp: call.app)
        return .now(.json(200, ["version": .int(version), "Version": .int(version)]))
    }

    private mutating func change(_ values: [String: String?], ofApp name: String) -> Int {
        counts.secretVersions += 1
        return apps[name]?.secrets.set(values, at: now) ?? 0
    }

    /// The vault, if it has come as far as the caller wants it (`min_version`, `version` of fly-go).
    private func vault(for call: Call) throws(APIError) -> SecretVault {
        let vault = try app(of: call).secrets
        let minimum =
            call.request.queryValue("min_version") ?? call.request.queryValue("version")
        guard let minimum, !minimum.isEmpty else { return vault }
        guard let minimum = Int(minimum) else { throw .invalid("min_version must be a number") }
        guard minimum <= vault.version else {
            throw APIError(404, "secrets version \(minimum) not found")
        }
        return vault
    }

    private func showsValues(_ call: Call) throws(APIError) -> Bool {
        guard call.request.queryFlag("show_secrets") else { return false }
        guard call.credential?.readsSecrets == true else { throw .unauthorized }
        return true
    }

    private func json(_ secret: SecretVault.Secret, showingValue: Bool) -> JSONValue {
        .object([
            ("name", .string(secret.name)), ("digest", .string(secret.digest)),
            ("created_at", .string(secret.createdAt.text)),
            ("updated_at", .string(secret.updatedAt.text)),
            ("value", showingValue ? .string(secret.value) : nil),
        ])
    }

    /// The names of environment variables (POSIX.1-2017, 8.1), small letters included.
    private static func checkSecretName(_ name: String) throws(APIError) {
        let isValid =
            name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || $0 == 0x5F
            } && name.utf8.first.map { !(0x30...0x39).contains($0) } == true
        guard isValid else { throw .invalid("invalid secret name: \(name)") }
    }
}
