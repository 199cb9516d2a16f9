import Hummingbird
import PreviewCore

// What changes a session, each as one run of this server.

extension Routes {
    /// Runs one step and answers when it has ended. The request is the approval.
    @Sendable func runStep(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let body = try await request.object()
        guard let id = body["sessionId"]?.string, let number = body["stepNumber"] else {
            throw Refusal.badRequest("sessionId and stepNumber are required")
        }
        guard let step = number.int.flatMap(StepID.init(number:)) else {
            throw Refusal.badRequest("Invalid step number")
        }
        let shown = body["shown"]
        guard shown == nil || shown?.string != nil else {
            throw Refusal.badRequest("shown is the digest of the step in the plan that was shown")
        }
        guard Identifier.isUUID(id) else { throw Failure.unknownSession }
        context.note.set(\.session, id)
        context.note.set(\.step, step.number)
        return try await run(step, of: id, shown: shown?.string, for: context.user)
    }

    private func run(
        _ step: StepID, of id: String, shown: String?, for user: String?
    ) async throws -> Response {
        _ = try await previews.session(id, of: user)
        do {
            try await perform("apply", on: id) { [previews] in
                try await previews.apply(
                    step, to: id, of: user, approver: RequestApprover(step: step, shown: shown))
            }
        } catch {
            throw await refusal(error, step: step, id: id, user: user)
        }
        let session = try await previews.session(id, of: user)
        metrics.countStep(
            step, result: "completed", seconds: session.state[step].applied?.seconds)
        return Response(json: [
            "success": true, "session": session.json,
            "stepResult": Self.result(of: step, in: session),
        ])
    }

    /// A failed step's answer carries what is recorded of it. One that was kept from running did not
    /// fail: its status is what it was.
    private func refusal(
        _ error: any Error, step: StepID, id: String, user: String?
    ) async -> Refusal {
        var refusal = Refusal(error)
        if !refusal.failure.missing.isEmpty {
            refusal.members["missingSteps"] = .array(
                refusal.failure.missing.map { .int($0.number) })
        }
        // Without it the answer still says what went wrong.
        guard let session = try? await previews.session(id, of: user) else { return refusal }
        if refusal.status == .internalServerError {
            metrics.countStep(step, result: refusal.failure.code.rawValue, seconds: nil)
        }
        refusal.members["session"] = session.json
        refusal.members["stepResult"] = Self.result(of: step, in: session)
        return refusal
    }

    /// `completed`, `error` or `pending`, with the step's details (BEHAVIOURS F11).
    private static func result(of step: StepID, in session: Session) -> JSONValue {
        let status =
            switch session.statuses[step] {
            case .completed: "completed"
            case .error: "error"
            case .pending, .running, .stale, nil: "pending"
            }
        return [
            "step": .int(step.number), "status": .string(status),
            "details": session.state[step].applied?.output ?? [:],
        ]
    }

    /// Marks the session as cancelled and ends the step that this server may be running for it.
    @Sendable func cancel(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try sessionID(in: context)
        try await previews.cancel(id, of: context.user)
        await runs.cancel(id)
        let session = try await previews.session(id, of: context.user)
        return Response(json: ["success": true, "session": session.json])
    }

    /// Undoes the steps in reverse.
    @Sendable func destroy(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try sessionID(in: context)
        let session = try await previews.session(id, of: context.user)
        let user = context.user
        try await perform("destroy", on: id) { [previews] in
            try await previews.destroy(id, of: user)
        }
        return Response(json: ["success": true, "flyAppName": .string(session.state.app)])
    }

    /// What each step would do, with the digest by which a request says what was shown.
    @Sendable func plan(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try sessionID(in: context)
        let plan = try await previews.plan(id, of: context.user)
        return Response(json: [
            "success": true, "plan": PlanDocument.json(of: plan, withDigests: false),
            "shown": .object(
                JSONObject(
                    StepID.allCases.map {
                        .init(
                            name: String($0.number),
                            value: .string(RequestApprover.digest(of: $0, in: plan)))
                    })),
        ])
    }

    // MARK: The machine

    @Sendable func machine(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try sessionID(in: context)
        let status = try await previews.machine(id, of: context.user)
        return Response(json: ["success": true, "machine": status?.json ?? .null])
    }

    @Sendable func changeMachine(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let id = try sessionID(in: context)
        guard let verb = context.parameters.get("verb").flatMap(MachineVerb.init(rawValue:)) else {
            throw HTTPError(.notFound)
        }
        _ = try await previews.session(id, of: context.user)
        let user = context.user
        try await perform(verb.rawValue, on: id) { [previews] in
            try await previews.change(id, of: user, by: verb)
        }
        return try await machine(request, context)
    }

    private func perform(
        _ verb: String, on id: String, _ work: @escaping @Sendable () async throws -> Void
    ) async throws {
        do {
            try await runs.run(id, work)
            metrics.countRun(verb, outcome: "done")
        } catch {
            metrics.countRun(verb, outcome: Refusal(error).failure.code.rawValue)
            throw error
        }
    }
}
