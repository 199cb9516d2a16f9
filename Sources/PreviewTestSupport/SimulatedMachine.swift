package import PreviewCore

/// A machine of the simulated provider.
package struct SimulatedMachine: Hashable, Sendable {
    package var id: String
    package var name: String
    package var app: String
    package var owner: Ownership
    /// Key of the attempt that made or last changed it.
    package var attempt: String
    package var region: String
    package var resources: Config.Resources
    package var environment: [String: String] = [:]
    package var secrets: [String: String] = [:]
    package var settingsRevision: String?
    package var expiresAt: Timestamp?
    /// The commit that runs, and the settings it was started with.
    package var commit: String?
    package var bootedRevision: String?
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
