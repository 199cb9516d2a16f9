import PreviewCore

/// The platform as a value: apps, machines and what will become of them, at one point in time.
///
/// It knows neither clocks nor connections. Time passes by ``settle(to:)``, requests are answered by
/// ``answer(_:)``; what has to be done outside is left in ``effects``. Equal seeds, times and
/// requests give equal answers.
struct FlyModel: Sendable {
    /// Something to be done to the executed guest of a machine.
    enum Effect: Sendable {
        case boot(GuestBoot, ports: [Int])
        case signal(machine: String, number: Int)
        /// Ends the main process and all that it started.
        case powerOff(machine: String)
        case freeze(machine: String)
        case thaw(machine: String)
        case probe(machine: String, boot: Int, check: MachineConfig.Check)
        /// The machine is gone, and its root filesystem with it.
        case discard(machine: String)
    }

    let configuration: SimulatorConfiguration
    private(set) var now: Instant
    var ids: IDGenerator
    var timeline = Timeline()
    var effects: [Effect] = []

    var organizations: [String: Organization]
    var credentials: [String: Credential]
    /// All apps by name, gone ones included as long as their name is held.
    var apps: [String: App] = [:]
    /// All machines by id, destroyed ones included as long as they can be read.
    var machines: [String: Machine] = [:]
    var capacity = Capacity()
    var images = Images()
    var counts = Counters()
    var buckets: [BucketKey: TokenBucket] = [:]
    var cursors: [String: Cursor] = [:]
    /// How many more listings of machines come back empty.
    var emptyListings = 0
    var visibility: Visibility
    /// Requests that the proxy has under way, by machine.
    var load: [String: Int] = [:]
    var nextNumber = 1
    /// Raised by every change that somebody may wait for.
    var revision = 0
    /// What a scripted guest answers to `exec`, by machine; else nothing with exit code 0.
    var execResults: [String: ExecResult] = [:]

    struct BucketKey: Hashable, Sendable {
        var action: Action
        var identifier: String
    }

    /// A place in a listing, as handed out to clients.
    struct Cursor: Sendable {
        var after: String
        var expiresAt: Instant
    }

    init(_ configuration: SimulatorConfiguration, at now: Instant) {
        self.configuration = configuration
        self.now = now
        ids = IDGenerator(seed: configuration.seed)
        visibility = configuration.visibility
        organizations = Dictionary(
            configuration.organizations.map { ($0.slug, $0) }, uniquingKeysWith: { $1 })
        credentials = Dictionary(
            configuration.credentials.map { ($0.text, $0) }, uniquingKeysWith: { $1 })
        timeline.add(.autostopPass, at: now + configuration.delays.autostopPass)
    }

    var delays: Delays { configuration.delays }

    /// Lets time pass: everything that is due happens, each at its own time.
    mutating func settle(to time: Instant) {
        while let (due, happening) = timeline.take(upTo: time) {
            now = max(now, due)
            carryOut(happening)
        }
        now = max(now, time)
    }

    mutating func schedule(_ happening: Happening, after delay: Duration) {
        timeline.add(happening, at: now + delay)
    }

    private mutating func carryOut(_ happening: Happening) {
        switch happening {
        case .machine(let id, let epoch, let step):
            guard let machine = machines[id], machine.epoch == epoch else { return }
            advance(machine, by: step)
        case .guest(let id, let boot, let step):
            guard machines[id]?.guest?.boot == boot else { return }
            play(step, ofMachine: id, boot: boot)
        case .check(let id, let boot, let name):
            guard machines[id]?.guest?.boot == boot else { return }
            runCheck(name, ofMachine: id, boot: boot)
        case .appGone(let name): finishDeletion(ofApp: name)
        case .machineForgotten(let id):
            machines[id] = nil
            revision += 1
        case .autostopPass:
            stopIdleMachines()
            schedule(.autostopPass, after: delays.autostopPass)
        }
    }

    /// The machines of an app in the order they were made.
    func machines(ofApp name: String) -> [Machine] {
        machines.values.filter { $0.app == name }
            .sorted { $0.order < $1.order }
    }

    /// Adds a line to an app's log.
    mutating func log(
        _ message: String, ofMachine machine: Machine, provider: String = "app",
        level: String = "info"
    ) {
        let entry = LogBook.Entry(
            id: ids.ulid(at: now), time: now, message: message, level: level, provider: provider,
            machine: machine.id, region: machine.region)
        apps[machine.app]?.log.add(entry)
    }
}

/// How many objects were ever made, for tests that look for leaks.
package struct Counters: Hashable, Sendable {
    /// Apps, by whatever way.
    package internal(set) var apps = 0
    /// Machines, by whatever way.
    package internal(set) var machines = 0
    /// Addresses of apps.
    package internal(set) var addresses = 0
    /// Versions of apps' secrets.
    package internal(set) var secretVersions = 0
    /// Volumes.
    package internal(set) var volumes = 0
    /// Leases, refreshed ones counted once.
    package internal(set) var leases = 0
    /// Boots of machines.
    package internal(set) var boots = 0
    /// Requests to the two APIs.
    package internal(set) var requests = 0
}

/// Where there is no room.
struct Capacity: Sendable {
    /// Regions without a candidate host.
    var fullRegions: Set<String> = []
    /// What hosts of a region lack: `memory`, `CPUs`, `IPs`; or `governor`.
    var fullHosts: [String: String] = [:]
    /// Volumes whose host has no room for a machine.
    var fullVolumes: Set<String> = []
}

/// What the registries hold.
struct Images: Sendable {
    /// References without a manifest.
    var missing: Set<String> = []
    /// Digests that tags point at now, where not the usual one.
    var digests: [String: String] = [:]
}
