/// Progress of a preview as people and outside programs see it (SPEC section 1). Computed from the
/// state; the copy in the state document is never read back.
package struct Session: Sendable {
    /// How far the whole set-up is.
    package enum OverallStatus: String, Hashable, Sendable, CaseIterable {
        case inProgress = "in_progress"
        case completed, failed, cancelled
    }

    /// How far one step is.
    package enum StepStatus: String, Hashable, Sendable, CaseIterable {
        case pending, running, completed, error, stale
    }

    /// What it was computed from.
    package let state: State
    /// How far each step is; there is one of every step.
    package let statuses: [StepID: StepStatus]
    /// The first failure in the order of the steps; a run that is gone counts as one.
    package let failure: (step: StepID, error: RecordedError)?

    /// Looks at a state.
    ///
    /// `isLocked`: whether a run holds the lock: a begun step whose run is gone is in error.
    /// `stale`: completed steps whose recorded input no longer follows from the file.
    package init(of state: State, isLocked: Bool, stale: Set<StepID> = []) {
        self.state = state
        var statuses: [StepID: StepStatus] = [:]
        var failure: (StepID, RecordedError)?
        for step in StepID.allCases {
            let record = state[step]
            let error = Self.error(of: record, isLocked: isLocked)
            statuses[step] =
                switch (record.attempt, record.applied) {
                case (_, _) where error != nil: .error
                case (.some, _): .running
                case (nil, .some): stale.contains(step) ? .stale : .completed
                case (nil, nil): .pending
                }
            if let error, failure == nil { failure = (step, error) }
        }
        self.statuses = statuses
        self.failure = failure
    }

    private static func error(of record: StepRecord, isLocked: Bool) -> RecordedError? {
        guard let attempt = record.attempt else { return nil }
        if attempt.open, isLocked { return nil }
        return attempt.error
            ?? RecordedError(
                code: .interrupted, message: "interrupted before its outcome was known")
    }

    /// Steps that are completed, stale ones included, in order.
    package var completedSteps: [Int] {
        StepID.allCases.filter { [.completed, .stale].contains(statuses[$0]) }.map(\.number)
    }

    /// The lowest step not completed; 4 when all are.
    package var currentStep: Int {
        (1...4).first { !completedSteps.contains($0) } ?? 4
    }

    /// 0, 25, 50, 75 or 100.
    package var progress: Int { completedSteps.count * 25 }

    /// Cancelled before failed before completed.
    package var overallStatus: OverallStatus {
        if state.cancelledAt != nil { return .cancelled }
        if failure != nil { return .failed }
        return completedSteps.count == 4 ? .completed : .inProgress
    }

    /// The machine of step 2, once there is one.
    package var machine: Machine? { state.output(of: AllocateMachine())?.machine }

    /// Where the preview answers, once step 2 made a place for it.
    package var previewURL: String? {
        state[.machine].applied?.output["previewUrl"]?.string
    }

    /// The fields of SPEC section 1 under their contract names.
    package var json: JSONValue {
        var fields = JSONObject()
        fields["id"] = .string(state.lineage)
        fields["projectId"] = .string(state.project)
        fields["userId"] = .string(state.user)
        fields["flyAppName"] = .string(state.app)
        fields["previewUrl"] = JSONValue(previewURL)
        fields["githubRepoUrl"] = .string(state.repository)
        fields["githubBranch"] = .string(state.branch)
        fields["currentStep"] = .int(currentStep)
        fields["completedSteps"] = .array(completedSteps.map(JSONValue.int))
        fields["overallStatus"] = .string(overallStatus.rawValue)
        for step in StepID.allCases {
            fields["step\(step.number)Status"] = .string((statuses[step] ?? .pending).rawValue)
        }
        for step in StepID.allCases {
            fields["step\(step.number)Details"] = state[step].applied?.output ?? [:]
        }
        fields["errorMessage"] = JSONValue(failure?.error.message)
        fields["errorStep"] = failure.map { .int($0.step.number) } ?? .null
        fields["progress"] = .int(progress)
        fields["createdAt"] = .string(state.createdAt.text)
        fields["updatedAt"] = .string(state.updatedAt.text)
        fields["startedAt"] = JSONValue(state.startedAt?.text)
        fields["completedAt"] = JSONValue(state.completedAt?.text)
        return .object(fields)
    }
}
