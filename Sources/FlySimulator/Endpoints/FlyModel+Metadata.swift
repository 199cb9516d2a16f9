import PreviewCore

/// Metadata of a machine: changed without a new version and without a restart, not guarded by
/// leases (reference, section 4.10).
extension FlyModel {
    /// `GET .../metadata`.
    func getMetadata(_ call: Call) throws(APIError) -> Reply {
        .now(.json(200, .map(try machine(of: call).config.metadata)))
    }

    /// `GET .../metadata/{key}`.
    func getMetadataValue(_ call: Call) throws(APIError) -> Reply {
        guard let value = try machine(of: call).config.metadata[call.parameters["key"] ?? ""] else {
            throw APIError(404, "metadata key not found")
        }
        return .now(.json(200, ["value": .string(value)]))
    }

    /// `POST .../metadata/{key}`.
    mutating func setMetadataValue(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        guard let value = call.body.given("value")?.string else {
            throw .invalid("value is required")
        }
        change(machine, [call.parameters["key"] ?? "": value])
        return .now(APIAnswer(204))
    }

    /// `DELETE .../metadata/{key}`.
    mutating func deleteMetadataValue(_ call: Call) throws(APIError) -> Reply {
        change(try liveMachine(of: call), [call.parameters["key"] ?? "": ""])
        return .now(APIAnswer(204))
    }

    /// `PATCH .../metadata` and its older alias `PUT`.
    mutating func mergeMetadata(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        guard let sent = call.body.given("metadata")?.object else {
            throw .invalid("metadata is required")
        }
        if let version = call.body.given("machine_version"), version.string != machine.current.id {
            throw .precondition("machine_version does not match the current version")
        }
        var changes: [String: String] = [:]
        for member in sent.members {
            guard member.value.isNull || member.value.string != nil else {
                throw .invalid("metadata values must be strings or null")
            }
            changes[member.name] = member.value.string ?? ""
        }
        change(machine, changes)
        return .now(APIAnswer(204))
    }

    /// Sets values; an empty one removes its key.
    private mutating func change(_ machine: Machine, _ changes: [String: String]) {
        var machine = machine
        var metadata = machine.config.metadata
        for (key, value) in changes { metadata[key] = value.isEmpty ? nil : value }
        machine.versions[machine.versions.count - 1].config.metadata = metadata
        machines[machine.id] = machine
    }
}
