import PreviewCore

extension FlyProvider {
    /// Turns the client's failures into the program's: a rejection where the platform said no for
    /// good, else a failure that leaves the attempt open (ENGINE section 2).
    func translating<Result: Sendable>(
        step: StepID?, _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let failure as FlyFailure {
            let told = failure.told(step: step)
            guard failure.isFinal, step != nil else { throw told }
            throw Rejection(told)
        }
    }
}

extension FlyFailure {
    /// Whether asking again with the same wish would be refused again. Where nobody was reached or
    /// the token was not good enough, the attempt waits for better times: calls before this one may
    /// have made something.
    var isFinal: Bool {
        switch cause {
        case .unauthorised, .forbidden, .unrouted, .rateLimited, .unreachable, .timedOut,
            .unreadable, .leaseHeld, .staleVersion:
            false
        default: isCertain
        }
    }

    /// Nothing can be asked without a token.
    ///
    /// `call`: what would have been asked; empty where nothing would.
    static func tokenMissing(call: String = "") -> FlyFailure {
        FlyFailure(
            cause: .tokenMissing, isCertain: true, call: call, status: nil, message: "",
            requestID: nil)
    }

    /// The failure in the user's words, with its evidence and what to do about it.
    func told(step: StepID?) -> Failure {
        let (code, kind, message, fix) = words
        return Failure(code, kind, message, step: step, evidence: evidence, fix: fix)
    }

    private var words: (ErrorCode, Failure.Kind, String, String?) {
        switch cause {
        case .tokenMissing:
            (
                .tokenMissing, .authentication, "Fly.io token not configured",
                "export FLY_API_TOKEN, such as from `fly tokens create org`; or use --local"
            )
        case .unauthorised:
            (
                .providerRefused, .authentication, "Fly.io does not accept the token",
                "make a new one, such as by `fly tokens create org`, and export it as FLY_API_TOKEN"
            )
        case .forbidden:
            (
                .providerRefused, .authentication, "the Fly.io token does not allow this",
                "use a token of the organization that owns the app; a deploy token makes no apps"
            )
        case .regionFull:
            (
                .regionFull, .failed, "no region has room for the machine",
                "name several regions in order of preference: `region: [dfw, iad, ord]`"
            )
        case .hostFull:
            (
                .regionFull, .failed, "the machine's host has no room for it",
                "run it again later, or take a smaller size"
            )
        case .machineLimit:
            (
                .machineLimit, .failed, "the organization has reached its limit of machines",
                "destroy previews that are no longer needed: `preview list`"
            )
        case .imageUnknown:
            (
                .imageUnknown, .failed, "Fly.io does not find the machine's image",
                "name one that exists: `run: { image: node:22 }` in preview.yaml"
            )
        case .leaseHeld, .staleVersion:
            (
                .machineBusy, .locked, "somebody else is changing the machine",
                "wait a moment and run it again"
            )
        case .rateLimited:
            (
                .providerTimeout, .timedOut, "Fly.io allows no more calls for the moment",
                "wait a minute and run it again: it goes on where it stopped"
            )
        case .unreachable:
            (
                .providerUnreachable, .failed, "Fly.io cannot be reached",
                "check the network and https_proxy, and run it again: it goes on where it stopped"
            )
        case .timedOut:
            (
                .providerTimeout, .timedOut, "Fly.io did not answer in time",
                "run it again: it goes on where it stopped"
            )
        default:
            (
                .providerError, .failed, "Fly.io answered with an error",
                "run it again; if the error stays, report it with the request id"
            )
        }
    }

    private var evidence: [Failure.Evidence] {
        var evidence: [Failure.Evidence] = call.isEmpty ? [] : [.init("call", call)]
        if let status { evidence.append(.init("status", String(status))) }
        if !message.isEmpty { evidence.append(.init("answer", message)) }
        if let requestID { evidence.append(.init("request id", requestID)) }
        if tries > 1 { evidence.append(.init("tries", String(tries))) }
        return evidence
    }
}
