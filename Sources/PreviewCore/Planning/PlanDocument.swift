/// A plan as JSON: what `--json` prints and `--out` saves (SPEC section 4).
package enum PlanDocument {
    /// The format that is written.
    package static let format = 1

    /// The document. Equal plans give equal bytes.
    ///
    /// `withDigests`: whether digests of secrets stay in the inputs: in a saved plan, which
    ///   is checked against them, but never in anything that is printed.
    package static func json(of plan: Plan, withDigests: Bool) -> JSONValue {
        [
            "format": .int(format), "app": .string(plan.app), "project": .string(plan.project),
            "repository": .string(plan.repository), "branch": .string(plan.branch),
            "path": .string(plan.path), "provider": .string(plan.provider.rawValue),
            "lineage": JSONValue(plan.lineage), "serial": .int(plan.serial),
            "configDigest": .string(plan.configDigest), "url": JSONValue(plan.url),
            "live": .bool(plan.isLive), "destroy": .bool(plan.destroys),
            "steps": .array(plan.steps.map { json(of: $0, withDigests: withDigests) }),
            "drift": .array(
                plan.drift.map {
                    [
                        "step": .int($0.step.number), "message": .string($0.message),
                        "action": .string($0.action.rawValue),
                    ]
                }),
            "warnings": .array(
                plan.warnings.map {
                    [
                        "code": .string($0.code.rawValue), "message": .string($0.message),
                        "fix": JSONValue($0.fix),
                    ]
                }),
            "observed": [
                "commit": JSONValue(plan.observed.commit),
                "machine": .string(plan.observed.machine),
            ],
            "cost": plan.cost?.json ?? .null,
            "summary": [
                "toRun": .int(plan.running.count),
                "waiting": .int(plan.steps.count { $0.action == .wait }),
                "unchanged": .int(plan.steps.count { $0.action == .none }),
            ],
        ]
    }

    private static func json(of step: PlannedStep, withDigests: Bool) -> JSONValue {
        [
            "id": .string(step.id.rawValue), "number": .int(step.id.number),
            "title": .string(step.title), "description": .string(step.summary),
            "subActions": .array(Steps.step(step.id).subActions.map(JSONValue.string)),
            "action": .string(step.action.rawValue), "reason": .string(step.reason),
            "changes": .array(step.changes.map { json(of: $0, withDigests: withDigests) }),
            "input": (withDigests ? step.input : inputWithoutDigests(of: step)) ?? .null,
            "waitsFor": step.waitsFor.map { .int($0.number) } ?? .null,
            "lastSeconds": step.lastSeconds.map(JSONValue.seconds) ?? .null,
        ]
    }

    private static func json(of change: Change, withDigests: Bool) -> JSONValue {
        let hides = change.isSensitive && !withDigests
        func shown(_ value: JSONValue) -> JSONValue {
            hides && !value.isNull ? "(sensitive)" : value
        }
        return [
            "field": .string(change.field), "before": shown(change.before),
            "after": shown(change.after),
            "knownAfter": change.knownAfter.map { .int($0.number) } ?? .null,
            "sensitive": .bool(change.isSensitive),
            "forcesReplacement": .bool(change.forcesReplacement),
        ]
    }

    /// What a step is given, without the digests of secrets; `nil` while it is not known.
    package static func inputWithoutDigests(of step: PlannedStep) -> JSONValue? {
        guard var object = step.input?.object, let secrets = object["secrets"]?.object else {
            return step.input
        }
        object["secrets"] = ["names": secrets["names"] ?? []]
        return .object(object)
    }

    /// Reads a saved plan.
    ///
    /// - Throws: ``Failure`` when the document is no saved plan of this format.
    package static func plan(from value: JSONValue) throws -> Plan {
        guard value["format"]?.int == format else {
            throw unreadable("its format is not \(format)")
        }
        guard let lineage = value["lineage"], let provider = value["provider"]?.string,
            let steps = value["steps"]?.array, steps.count == StepID.allCases.count
        else { throw unreadable("parts of it are missing") }
        let planned = try steps.map(step)
        guard planned.map(\.id) == StepID.allCases else {
            throw unreadable("its steps are not four")
        }
        return Plan(
            app: try text(value, "app"), project: try text(value, "project"),
            repository: try text(value, "repository"), branch: try text(value, "branch"),
            path: try text(value, "path"),
            provider: try ProviderName(rawValue: provider) ?? { throw unreadable("provider") }(),
            lineage: lineage.string,
            serial: try value["serial"]?.int ?? { throw unreadable("serial") }(),
            configDigest: try text(value, "configDigest"), url: value["url"]?.string,
            isLive: value["live"]?.bool ?? false, steps: planned, drift: [],
            warnings: [],
            observed: .init(
                commit: value["observed"]?["commit"]?.string,
                machine: value["observed"]?["machine"]?.string ?? ""),
            destroys: value["destroy"]?.bool ?? false)
    }

    private static func step(from value: JSONValue) throws -> PlannedStep {
        guard let id = StepID(rawValue: try text(value, "id")),
            let action = Action(rawValue: try text(value, "action"))
        else { throw unreadable("an unknown step or action") }
        let input = value["input"] ?? .null
        return PlannedStep(
            id: id, title: try text(value, "title"), summary: try text(value, "description"),
            action: action, reason: try text(value, "reason"),
            changes: try (value["changes"]?.array ?? []).map(change),
            input: input.isNull ? nil : input,
            waitsFor: value["waitsFor"]?.int.flatMap(StepID.init(number:)),
            lastSeconds: value["lastSeconds"]?.double)
    }

    private static func change(from value: JSONValue) throws -> Change {
        Change(
            field: try text(value, "field"), before: value["before"] ?? .null,
            after: value["after"] ?? .null,
            knownAfter: value["knownAfter"]?.int.flatMap(StepID.init(number:)),
            isSensitive: value["sensitive"]?.bool ?? false,
            forcesReplacement: value["forcesReplacement"]?.bool ?? false)
    }

    private static func text(_ value: JSONValue, _ name: String) throws -> String {
        guard let text = value[name]?.string else { throw unreadable("\"\(name)\" is missing") }
        return text
    }

    private static func unreadable(_ reason: String) -> Failure {
        Failure(
            .planUnreadable, .usage, "the plan file cannot be used: \(reason)",
            fix: "make a new one with `preview plan --out FILE`")
    }
}
