/// Decides whether a step may run: a person at a terminal, `--yes`, or a request to the server.
package protocol Approver: Sendable {
    /// Shows the step and waits for an answer. No lock is held meanwhile.
    ///
    /// - Throws: ``Failure`` of kind ``Failure/Kind/notApproved`` when there is nobody to ask.
    func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval

    /// Asks whether what another record made of the same branch may be taken over (ENGINE R-33);
    /// `refusal` says what it is. No lock is held meanwhile. Without anybody to ask it is a no.
    func adopts(_ refusal: Failure) async throws -> Bool
}

extension Approver {
    package func adopts(_ refusal: Failure) async throws -> Bool { false }
}

/// The answer to one step.
package enum Approval: Hashable, Sendable {
    /// Run it; nobody had to be waited for.
    case standing
    /// Run it, said after thinking for any length of time.
    case given
    case declined
}
