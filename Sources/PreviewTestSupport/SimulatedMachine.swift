package import PreviewCore

/// A machine of the simulated provider.
package struct SimulatedMachine: Hashable, Sendable {
    /// Counted from `m1`, never given twice.
    package var id: String
    /// `pv-` and the key of the attempt that made it.
    package var name: String
    /// The app it is in.
    package var app: String
    /// Whose marks it carries.
    package var owner: Ownership
    /// Key of the attempt that made or last changed it.
    package var attempt: String
    /// The first wanted one that had room.
    package var region: String
    /// The size it has now.
    package var resources: Config.Resources
    /// The plain values it has.
    package var environment: [String: String] = [:]
    /// Names and values, as they were handed over last.
    package var secrets: [String: String] = [:]
    /// Revision of the settings it has; `nil` before the first.
    package var settingsRevision: String?
    /// The end of life it was told.
    package var expiresAt: Timestamp?
    /// The commit that runs, and the settings it was started with.
    package var commit: String?
    /// Revision of the settings that what runs was started with.
    package var bootedRevision: String?
    /// What it is doing.
    package var state = MachineState.created
    /// How many looks at the list pass before it is seen there.
    package var looksUntilVisible = 0

    var status: MachineStatus {
        MachineStatus(
            state: state,
            commit: commit,
            settingsRevision: settingsRevision,
            resources: resources,
            region: region
        )
    }

    func described(url: String) -> Machine {
        Machine(id: id, name: name, app: app, url: url, region: region)
    }
}
