/// Destroys many previews side by side and goes on past failures (BEHAVIOURS S9).
package struct Pruner: Sendable {
    /// A preview that is to go, and why.
    package struct Choice: Hashable, Sendable {
        /// The preview as it was found.
        package var preview: PruneCandidate
        /// Why it was chosen, in words.
        package var reasons: [String]

        package init(_ preview: PruneCandidate, reasons: [String]) {
            self.preview = preview
            self.reasons = reasons
        }
    }

    /// What became of one of them.
    package enum Outcome: Hashable, Sendable {
        case destroyed(Destroyer.Receipt)
        /// Somebody else had destroyed it.
        case gone
        /// It is no longer what was chosen: the reason.
        case kept(String)
        /// Running it again goes on.
        case failed(Failure)
        /// The run was ended before this one was begun, or in the middle of it.
        case interrupted
    }

    /// How many are destroyed at once: a provider is asked by all of them.
    private static let limit = 4

    private let selection: PruneSelection
    private let host: String

    /// `selection`: what the previews were chosen by; it is looked at again under each lock.
    /// `host`: the name of this machine.
    package init(_ selection: PruneSelection, host: String) {
        self.selection = selection
        self.host = host
    }

    /// Destroys them, each by its own run.
    ///
    /// `destroy`: has the destroyer of one preview do its work with the check it is given.
    /// `now`: the time by which they were chosen.
    /// Returns an outcome for each, in the order of the choices.
    package func prune(
        _ choices: [Choice], now: @escaping @Sendable (PruneCandidate) -> Timestamp,
        destroy:
            @escaping @Sendable (
                PruneCandidate, _ check: @escaping @Sendable (State) throws -> Void
            ) async throws -> Destroyer.Receipt
    ) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var outcomes = [Outcome](repeating: .interrupted, count: choices.count)
            for (index, choice) in choices.enumerated() {
                if index >= Self.limit, let (done, outcome) = await group.next() {
                    outcomes[done] = outcome
                }
                // Those that are under way end by themselves; no further one is begun.
                guard !Task.isCancelled else { break }
                let preview = choice.preview
                group.addTask {
                    let time = now(preview)
                    let outcome = await Self.outcome {
                        try await destroy(preview) { try check($0, is: preview, at: time) }
                    }
                    return (index, outcome)
                }
            }
            for await (done, outcome) in group { outcomes[done] = outcome }
            return outcomes
        }
    }

    /// What was shown is what goes (ENGINE R-20): not its successor, and not what a person meanwhile
    /// said shall stay.
    private func check(
        _ state: State, is preview: PruneCandidate, at now: Timestamp
    ) throws {
        let session = Session(of: state, isLocked: false)
        guard state.lineage == preview.lineage,
            let present = PruneCandidate(folder: preview.folder, session: session)
        else { throw Self.noLongerChosen("it was set up anew meanwhile") }
        switch selection.verdict(on: present, at: now, host: host) {
        case .take: return
        case .keep(let reason): throw Self.noLongerChosen(reason)
        case .pass: throw Self.noLongerChosen("it no longer fits the selection")
        }
    }

    private static func noLongerChosen(_ reason: String) -> Failure {
        Failure(.stalePlan, .stalePlan, reason)
    }

    private static func outcome(
        of destroy: () async throws -> Destroyer.Receipt
    ) async -> Outcome {
        do {
            return .destroyed(try await destroy())
        } catch is CancellationError {
            return .interrupted
        } catch let rejection as Rejection {
            return .failed(rejection.failure)
        } catch let failure as Failure {
            switch failure.code {
            case .stalePlan: return .kept(failure.message)
            case .nothingRecorded: return .gone
            case .interrupted: return .interrupted
            default: return .failed(failure)
            }
        } catch {
            return .failed(Failure(.internalError, "\(error)"))
        }
    }
}
