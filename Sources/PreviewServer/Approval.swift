import PreviewCore

/// The approval that a request is: it says yes to its one step, and where it says what was shown, to
/// nothing else (ENGINE R-20).
struct RequestApprover: Approver {
    let step: StepID
    /// The digest of the step as it was shown; `nil` where the caller leaves it to the server.
    let shown: String?

    func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval {
        guard step.id == self.step else { return .declined }
        guard let shown, shown != Self.digest(of: step.id, in: plan) else { return .standing }
        throw Failure(
            .stalePlan, .stalePlan,
            "what step \(step.id.number) would do is no longer what was shown", step: step.id,
            evidence: [.init("reason", step.reason)],
            fix: "look at it again and run it if it is right", retry: nil)
    }

    /// What tells one content of a step of a plan from another.
    static func digest(of step: StepID, in plan: Plan) -> String {
        let steps = PlanDocument.json(of: plan, withDigests: true)["steps"]?.array ?? []
        return Digest.hex(JSONWriter.canonical(steps[step.number - 1]))
    }
}
