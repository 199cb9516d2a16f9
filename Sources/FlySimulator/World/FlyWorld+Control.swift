package import PreviewCore

/// What a test does to the world, and learns about it, behind the client's back.
extension FlyWorld {
    /// How many objects were ever made.
    package var counters: Counters { model.counts }

    /// Every request so far, without tokens.
    package var requests: [RecordedRequest] { journal }

    /// Forgets the requests so far.
    package func forgetRequests() {
        journal = []
    }

    /// Adds a rule by which requests go wrong.
    package func add(_ fault: Fault) {
        faults.add(fault)
    }

    /// All goes well again.
    package func removeFaults() {
        faults.removeAll()
    }

    /// Ends every machine and forgets everything but the configuration and the time.
    package func reset() {
        _ = runner?.discardAll()
        model = FlyModel(configuration, at: clock.now)
        faults.removeAll()
        journal = []
        // Whoever waits sees that what it waited for is gone.
        model.revision = -1
        turn()
    }

    /// As ``reset()``, and returns when no process of a machine is left, nor a file.
    package func end() async {
        await runner?.end()
        reset()
    }

    /// Makes an app that nobody asked for: one of another organization holds its name, one of ours
    /// stands in the way.
    package func plantApp(_ name: String, organization: String) {
        settle()
        if model.organizations[organization] == nil {
            model.organizations[organization] = Organization(organization)
        }
        model.addApp(name, organization: organization)
        turn()
    }

    /// Makes a machine that nobody asked for in an app; its id, or nil if the app is not there or
    /// the config is refused.
    package func plantMachine(
        inApp app: String, name: String, config: JSONValue = ["image": "nginx:latest"],
        region: String = "iad"
    ) -> String? {
        settle()
        guard let app = model.apps[app],
            // A refused config is the caller's mistake, and nil tells it.
            let checked = try? MachineConfig(config), let image = ImageReference(checked.image)
        else { return nil }
        let version = Machine.Version(
            id: model.ids.ulid(at: model.now), config: checked, sent: config, image: image,
            launches: true, skipsSecrets: false, secretsVersion: nil)
        let machine = model.addMachine(version, name: name, region: region, in: app)
        turn()
        return machine.id
    }

    /// Ends the main process of a machine with a scripted guest.
    package func endGuest(ofMachine id: String, code: Int, isOutOfMemory: Bool = false) {
        settle()
        guard let boot = model.machines[id]?.guest?.boot else { return }
        let ending = GuestEnding(
            code: code, signal: isOutOfMemory ? Signal.kill : 0, isOutOfMemory: isOutOfMemory)
        model.guestEnded(id, boot: boot, ending)
        turn()
    }

    /// Puts a machine into the state `failed`, which the platform does when a host breaks.
    package func failMachine(_ id: String) {
        settle()
        guard var machine = model.machines[id] else { return }
        model.enter(.failed, &machine)
        model.machines[id] = machine
        turn()
    }

    /// What `exec` answers in a machine with a scripted guest.
    package func setExecResult(_ result: ExecResult, ofMachine id: String) {
        model.execResults[id] = result
    }

    /// How objects made from now on are seen by calls without the affinity cookie.
    package func setVisibility(_ visibility: Visibility) {
        model.visibility = visibility
    }

    /// The next listings of machines come back empty, as in a fault of the platform.
    package func emptyListings(_ count: Int) {
        model.emptyListings = count
    }

    /// The regions without room (422), and those whose hosts lack something (409): `memory`,
    /// `CPUs`, `IPs`, or `governor`, which only refuses to start.
    package func setCapacity(fullRegions: Set<String>, fullHosts: [String: String] = [:]) {
        model.capacity.fullRegions = fullRegions
        model.capacity.fullHosts = fullHosts
    }

    /// Volumes whose host has no room for a machine.
    package func setFullVolumes(_ volumes: Set<String>) {
        model.capacity.fullVolumes = volumes
    }

    /// How many machines an organization may have; nil for any number.
    package func setMachineLimit(_ limit: Int?, ofOrganization slug: String) {
        model.organizations[slug]?.machineLimit = limit
    }

    /// Images that no registry has.
    package func setMissingImages(_ images: Set<String>) {
        model.images.missing = images
    }

    /// What a tag points at from now on.
    package func setDigest(_ digest: String, ofImage image: String) {
        model.images.digests[image] = digest
    }

    /// Makes a token valid.
    package func add(_ credential: Credential) {
        model.credentials[credential.text] = credential
    }

    /// Makes a token invalid.
    package func revoke(_ token: String) {
        model.credentials[token] = nil
    }

    /// All there is, by the platform's own knowledge: apps with their machines, addresses, names of
    /// secrets and volumes, and what was ever made.
    package var state: JSONValue {
        settle()
        let apps = model.apps.values.filter { $0.goneAt == nil }.sorted { $0.name < $1.name }
        return [
            "time": .string(model.now.preciseText),
            "apps": .array(apps.map(json)), "counters": model.counts.json,
        ]
    }

    private func json(_ app: App) -> JSONValue {
        let machines = model.machines(ofApp: app.name)
        return [
            "name": .string(app.name), "organization": .string(app.organization),
            "is_deleted": .bool(app.deletedAt != nil),
            "addresses": .array(
                app.addresses.map { ["ip": .string($0.ip), "type": .string($0.type)] }),
            "secrets": .strings(app.secrets.secrets.map(\.name)),
            "secrets_version": .int(app.secrets.version),
            "volumes": .strings(app.volumes.filter { !$0.isDestroyed }.map(\.id)),
            "machines": .array(machines.map { model.json($0, withLease: true) }),
        ]
    }

    func settle() {
        model.settle(to: clock.now)
    }
}

extension Counters {
    var json: JSONValue {
        [
            "apps": .int(apps), "machines": .int(machines), "addresses": .int(addresses),
            "secret_versions": .int(secretVersions), "volumes": .int(volumes),
            "leases": .int(leases), "boots": .int(boots), "requests": .int(requests),
        ]
    }
}
