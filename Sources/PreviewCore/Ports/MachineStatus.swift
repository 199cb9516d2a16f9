/// What a machine is doing.
package struct MachineStatus: Hashable, Sendable {
    /// In our vocabulary; ``MachineState/unknown`` where the provider's word fits none.
    package var state: MachineState
    /// The provider's own word, shown where ours does not fit.
    package var detail: String?
    /// Commit that was booted last, if any.
    package var commit: String?
    /// Revision of the settings it has, if any.
    package var settingsRevision: String?
    /// Resources it has now, where the provider tells.
    package var resources: Config.Resources?
    /// What else somebody changed behind our back, in words such as `services`.
    package var otherChanges: [String]
    /// Where it stands now, where the provider tells.
    package var region: String?
    /// When the machine was made.
    package var createdAt: Timestamp?
    /// Since when it has been in this state.
    package var since: Timestamp?
    /// When it will stop for want of traffic, if it is running and may be stopped.
    package var idleStopAt: Timestamp?
    /// Times the app was started again after it ended by itself.
    package var restarts: Int

    package init(
        state: MachineState, detail: String? = nil, commit: String? = nil,
        settingsRevision: String? = nil, resources: Config.Resources? = nil,
        otherChanges: [String] = [], region: String? = nil,
        createdAt: Timestamp? = nil, since: Timestamp? = nil, idleStopAt: Timestamp? = nil,
        restarts: Int = 0
    ) {
        self.state = state
        self.detail = detail
        self.commit = commit
        self.settingsRevision = settingsRevision
        self.resources = resources
        self.otherChanges = otherChanges
        self.region = region
        self.createdAt = createdAt
        self.since = since
        self.idleStopAt = idleStopAt
        self.restarts = restarts
    }

    /// The fields of `preview status --json` and of the API.
    package var json: JSONValue {
        [
            "state": .string(state.rawValue), "detail": JSONValue(detail),
            "commit": JSONValue(commit), "since": JSONValue(since?.text),
            "idleStopAt": JSONValue(idleStopAt?.text), "restarts": .int(restarts),
            "region": JSONValue(region),
        ]
    }
}

extension MachineStatus {
    /// Whether a commit was brought up on the machine and did not fail since; it may sleep.
    package var isDeployed: Bool {
        switch state {
        case .running, .idle, .stopped, .unknown: commit != nil
        case .created, .booting, .crashed, .lost: false
        }
    }
}

/// One vocabulary for what a machine is doing, apart from the status of a session (BEHAVIOURS S2).
package enum MachineState: String, Hashable, Sendable, Codable, CaseIterable {
    /// It exists and nothing was booted on it.
    case created
    /// A boot is under way.
    case booting
    /// The app runs.
    case running
    /// Stopped for want of traffic; the next connection starts it.
    case idle
    /// Stopped by a person; `start` starts it.
    case stopped
    /// The app ended by itself and is not being restarted, or its boot failed.
    case crashed
    /// What should run it is gone.
    case lost
    /// The provider says something that has no word here.
    case unknown
}
