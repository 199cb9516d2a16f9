/// The members of a state document, named in one place for reading and writing.
///
/// Written by hand and not by `Codable`, because ten thousand of them are listed in half a second.
enum StateDocument {
    static func json(of state: State) -> JSONObject {
        var document = JSONObject()
        document["format"] = .int(StateFile.format)
        document["lineage"] = .string(state.lineage)
        document["serial"] = .int(state.serial)
        document["app"] = .string(state.app)
        document["source"] = .string(state.source)
        document["salt"] = .string(state.salt)
        document["project"] = .string(state.project)
        document["user"] = .string(state.user)
        document["repository"] = .string(state.repository)
        document["branch"] = .string(state.branch)
        document["path"] = .string(state.path)
        document["provider"] = .string(state.provider.rawValue)
        document["host"] = JSONValue(state.host)
        document["createdAt"] = .string(state.createdAt.text)
        document["updatedAt"] = .string(state.updatedAt.text)
        document["startedAt"] = JSONValue(state.startedAt?.text)
        document["completedAt"] = JSONValue(state.completedAt?.text)
        document["expiresAt"] = JSONValue(state.expiresAt?.text)
        // Only where there is one: documents from before there was such a thing stay as they are.
        if let end = state.chosenEnd { document["chosenEnd"] = .string(end.text) }
        document["cancelledAt"] = JSONValue(state.cancelledAt?.text)
        document["destroyedAt"] = JSONValue(state.destroyedAt?.text)
        document["steps"] = .object(
            JSONObject(
                StepID.allCases.compactMap { step in
                    state.steps[step].map { .init(name: step.rawValue, value: json(of: $0)) }
                }))
        return document
    }

    private static func json(of record: StepRecord) -> JSONValue {
        var members = JSONObject()
        members["applied"] = record.applied.map(json) ?? .null
        members["attempt"] = record.attempt.map(json) ?? .null
        members["drift"] = record.drift.map {
            ["message": .string($0.message), "action": .string($0.action.rawValue)]
        }
        return .object(members)
    }

    private static func json(of applied: Applied) -> JSONValue {
        [
            "input": applied.input, "output": applied.output, "at": .string(applied.at.text),
            "seconds": .seconds(applied.seconds),
        ]
    }

    private static func json(of attempt: Attempt) -> JSONValue {
        [
            "key": .string(attempt.key), "action": .string(attempt.action.rawValue),
            "input": attempt.input, "begunAt": .string(attempt.begunAt.text),
            "open": .bool(attempt.open),
            "error": attempt.error.map {
                ["code": .string($0.code.rawValue), "message": .string($0.message)]
            } ?? .null,
            "calls": .array(
                attempt.calls.map {
                    [
                        "object": .string($0.object.rawValue), "name": .string($0.name),
                        "outcome": .string($0.outcome.rawValue),
                    ]
                }),
        ]
    }

    static func state(from document: JSONObject) throws(StateFile.Damage) -> State {
        let fields = Fields(document)
        guard let provider = ProviderName(rawValue: try fields.text("provider")) else {
            throw .foreign("unknown provider")
        }
        var state = State(
            lineage: try fields.text("lineage"), serial: try fields.whole("serial"),
            app: try fields.text("app"), source: try fields.text("source"),
            salt: try fields.text("salt"), project: try fields.text("project"),
            user: try fields.text("user"), repository: try fields.text("repository"),
            branch: try fields.text("branch"), path: try fields.text("path"), provider: provider,
            host: fields.optionalText("host"), createdAt: try fields.time("createdAt"))
        state.updatedAt = try fields.time("updatedAt")
        state.startedAt = try fields.optionalTime("startedAt")
        state.completedAt = try fields.optionalTime("completedAt")
        state.expiresAt = try fields.optionalTime("expiresAt")
        state.chosenEnd = try fields.optionalEnd("chosenEnd")
        state.cancelledAt = try fields.optionalTime("cancelledAt")
        state.destroyedAt = try fields.optionalTime("destroyedAt")
        for member in try fields.members("steps") {
            guard let step = StepID(rawValue: member.name) else {
                throw .foreign("unknown step \"\(member.name)\"")
            }
            state.steps[step] = try record(from: member.value)
        }
        return state
    }

    private static func record(from value: JSONValue) throws(StateFile.Damage) -> StepRecord {
        var record = StepRecord()
        if let applied = value["applied"], !applied.isNull {
            let fields = try Fields(applied)
            record.applied = Applied(
                input: try fields.value("input"), output: try fields.value("output"),
                at: try fields.time("at"), seconds: try fields.number("seconds"))
        }
        if let attempt = value["attempt"], !attempt.isNull {
            record.attempt = try self.attempt(from: Fields(attempt))
        }
        if let drift = value["drift"], !drift.isNull {
            let fields = try Fields(drift)
            record.drift = RecordedDrift(
                message: try fields.text("message"), action: try action(from: fields))
        }
        return record
    }

    private static func action(from fields: Fields) throws(StateFile.Damage) -> Action {
        guard let action = Action(rawValue: try fields.text("action")) else {
            throw .foreign("unknown action")
        }
        return action
    }

    private static func attempt(from fields: Fields) throws(StateFile.Damage) -> Attempt {
        var attempt = Attempt(
            key: try fields.text("key"), action: try action(from: fields),
            input: try fields.value("input"), begunAt: try fields.time("begunAt"),
            open: try fields.flag("open"))
        if let error = fields.optional("error"), !error.isNull {
            let parts = try Fields(error)
            guard let code = ErrorCode(rawValue: try parts.text("code")) else {
                throw .foreign("unknown error code")
            }
            attempt.error = RecordedError(code: code, message: try parts.text("message"))
        }
        for call in try fields.elements("calls") {
            let parts = try Fields(call)
            guard let object = ObjectKind(rawValue: try parts.text("object")),
                let outcome = Attempt.Call.Outcome(rawValue: try parts.text("outcome"))
            else { throw .foreign("unknown call") }
            attempt.calls.append(
                .init(object: object, name: try parts.text("name"), outcome: outcome))
        }
        return attempt
    }
}

/// Members of an object that must have a type, or the document is not ours.
private struct Fields {
    /// Searched in order: that is faster than hashing two dozen names once each.
    private let members: JSONObject

    init(_ object: JSONObject) { members = object }

    init(_ value: JSONValue) throws(StateFile.Damage) {
        guard case .object(let object) = value else { throw .foreign("an object is missing") }
        self.init(object)
    }

    func optional(_ name: String) -> JSONValue? { members[name] }

    func value(_ name: String) throws(StateFile.Damage) -> JSONValue {
        guard let value = members[name] else { throw .foreign("\"\(name)\" is missing") }
        return value
    }

    private func typed<Value>(
        _ name: String, _ value: Value?
    ) throws(StateFile.Damage) -> Value {
        guard let value else { throw .foreign("\"\(name)\" is missing or has a wrong type") }
        return value
    }

    func text(_ name: String) throws(StateFile.Damage) -> String {
        try typed(name, members[name]?.string)
    }

    func whole(_ name: String) throws(StateFile.Damage) -> Int {
        try typed(name, members[name]?.int)
    }

    func number(_ name: String) throws(StateFile.Damage) -> Double {
        try typed(name, members[name]?.double)
    }

    func flag(_ name: String) throws(StateFile.Damage) -> Bool {
        try typed(name, members[name]?.bool)
    }

    func elements(_ name: String) throws(StateFile.Damage) -> [JSONValue] {
        try typed(name, members[name]?.array)
    }

    func members(_ name: String) throws(StateFile.Damage) -> [JSONObject.Member] {
        try typed(name, members[name]?.object?.members)
    }

    func time(_ name: String) throws(StateFile.Damage) -> Timestamp {
        try typed(name, Timestamp(try text(name)))
    }

    func optionalText(_ name: String) -> String? { members[name]?.string }

    func optionalEnd(_ name: String) throws(StateFile.Damage) -> ChosenEnd? {
        guard let value = members[name], !value.isNull else { return nil }
        return try typed(name, value.string.flatMap(ChosenEnd.init))
    }

    func optionalTime(_ name: String) throws(StateFile.Damage) -> Timestamp? {
        guard let value = members[name], !value.isNull else { return nil }
        return try time(name)
    }
}
