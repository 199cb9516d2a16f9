package import PreviewCore
import PreviewSystem
import Testing

/// What every provider must do, whatever it makes its machines of: run it from the provider's test.
package struct ProviderConformance: Sendable {
    /// What the provider is tried with.
    package struct Trial: Sendable {
        /// The one that is tried; it has nothing of this owner yet.
        package var provider: any Provider
        /// What step 2 is to make; its owner is nobody else's.
        package var spec: MachineSpec
        /// What step 3 is to set, of the same revision as ``release``.
        package var settings: Settings
        /// A release that comes up.
        package var release: Release
        /// Values for every name of ``settings``.
        package var secrets: [String: String]
        /// Whether ``Provider/stop(_:)`` and ``Provider/start(_:secrets:)`` can be tried.
        package var canRest: Bool

        package init(
            provider: any Provider, spec: MachineSpec, settings: Settings, release: Release,
            secrets: [String: String] = [:], canRest: Bool = true
        ) {
            self.provider = provider
            self.spec = spec
            self.settings = settings
            self.release = release
            self.secrets = secrets
            self.canRest = canRest
        }
    }

    private let trial: Trial
    private var provider: any Provider { trial.provider }

    package init(_ trial: Trial) { self.trial = trial }

    private func objects(of owner: Ownership) async throws -> [OwnedObject] {
        try await provider.objects(of: owner, named: [NamedObject(.app, trial.spec.app)])
    }

    /// Leads one preview from nothing through everything to nothing.
    package func run() async throws {
        try await proposes()
        let machine = try await allocates()
        try await configures(machine)
        try await movesExpiry(of: machine)
        try await boots(machine)
        try await movesExpiry(of: machine)
        if trial.canRest {
            try await rests(machine)
            try await provider.stop(machine)
            try await movesExpiry(of: machine)
        }
        let next = try await replaces(machine)
        try await adopts(next)
        try await takesAway(next)
    }

    private func proposes() async throws {
        let first = try await provider.propose(trial.spec)
        let second = try await provider.propose(trial.spec)
        #expect(first == second && !first.url.isEmpty, "the URL is known at plan time")
        #expect(try await self.objects(of: trial.spec.owner).isEmpty, "and nothing was made")
    }

    private func allocates() async throws -> Machine {
        let attempt = TrialAttempt("attempt000000001")
        let machine = try await provider.allocate(trial.spec, replacing: nil, attempt: attempt)
        #expect(machine.name == "pv-\(attempt.key)")
        #expect(machine.app == trial.spec.app && trial.spec.regions.contains(machine.region))
        #expect(machine.url == (try await provider.propose(trial.spec)).url)
        #expect(attempt.announced.contains(NamedObject(.machine, machine.name)))
        let objects = try await self.objects(of: trial.spec.owner)
        #expect(objects.filter { $0.kind == .machine }.map(\.name) == [machine.name])
        let again = try await provider.allocate(
            trial.spec, replacing: nil, attempt: TrialAttempt(attempt.key, isResumed: true))
        #expect(again == machine, "the same key twice gives one machine")
        #expect(try await self.objects(of: trial.spec.owner).count == objects.count)
        let status = try #require(try await provider.inspect(machine))
        #expect(status.state == .created && status.commit == nil)
        return machine
    }

    private func configures(_ machine: Machine) async throws {
        for _ in 1...2 {
            _ = try await provider.configure(
                machine, trial.settings, secrets: trial.secrets,
                attempt: TrialAttempt("attempt000000002"))
        }
        let status = try #require(try await provider.inspect(machine))
        #expect(status.settingsRevision ?? trial.settings.revision == trial.settings.revision)
        if let resources = status.resources {
            #expect(resources.cpu == trial.settings.resources.cpu)
            #expect(resources.memory == trial.settings.resources.memory)
        }
        #expect(status.state == .created, "configuring starts nothing")
    }

    private func movesExpiry(of machine: Machine) async throws {
        func seen() async throws -> MachineStatus {
            var status = try #require(try await provider.inspect(machine))
            // Whether a change counts as one of state is the provider's.
            (status.since, status.idleStopAt) = (nil, nil)
            return status
        }
        let before = try await seen()
        let end = Timestamp(seconds: 1_900_000_000)
        for end in [end, end, nil] { try await provider.setExpiry(machine, end) }
        let after = try await seen()
        #expect(after == before, "nothing else is different")
        if let time = try await provider.time() {
            #expect(time > Timestamp(seconds: 1_700_000_000), "a clock that shows some time")
        }
    }

    private func boots(_ machine: Machine) async throws {
        for key in ["attempt000000003", "attempt000000003", "attempt000000004"] {
            let reporter = RecordingReporter()
            let receipt = try await provider.boot(
                trial.release, on: machine, secrets: trial.secrets, attempt: TrialAttempt(key),
                reporter: reporter)
            #expect(receipt.phases.map(\.name) == BootPhase.allCases)
            #expect(receipt.proof.commit == trial.release.commit)
            #expect(receipt.proof.url.hasPrefix(machine.url))
            #expect((200..<500).contains(receipt.proof.status))
            let begun = reporter.events.filter { $0.kind == .phaseBegin }
            #expect(!begun.isEmpty && begun.allSatisfy { $0.step == .boot })
            let status = try #require(try await provider.inspect(machine))
            #expect([.running, .idle].contains(status.state))
            #expect(status.commit ?? trial.release.commit == trial.release.commit)
        }
    }

    private func rests(_ machine: Machine) async throws {
        try await provider.stop(machine)
        #expect(try await provider.inspect(machine)?.state == .stopped)
        try await provider.stop(machine)
        try await provider.start(machine, secrets: trial.secrets)
        #expect(try await provider.inspect(machine)?.state.isUsable == true)
        try await provider.restart(machine, secrets: trial.secrets)
        #expect(try await provider.inspect(machine)?.state.isUsable == true)
        for try await line in provider.logs(machine, tail: 5, follow: false) {
            #expect(!line.stream.isEmpty, "without following, the log ends")
        }
    }

    private func replaces(_ machine: Machine) async throws -> Machine {
        let attempt = TrialAttempt("attempt000000005")
        let next = try await provider.allocate(trial.spec, replacing: machine, attempt: attempt)
        #expect(next.name == "pv-\(attempt.key)" && next.id != machine.id)
        #expect(try await provider.inspect(machine) == nil, "the replaced one is gone")
        let again = try await provider.allocate(
            trial.spec, replacing: machine, attempt: TrialAttempt(attempt.key, isResumed: true))
        #expect(again == next)
        let objects = try await self.objects(of: trial.spec.owner)
        #expect(objects.filter { $0.kind == .machine }.map(\.name) == [next.name])
        #expect(try await provider.inspect(next)?.state == .created)
        return next
    }

    /// To another record and back (ENGINE R-33).
    private func adopts(_ machine: Machine) async throws {
        var spec = trial.spec
        spec.owner.lineage = "another"
        let refusal = await #expect(throws: Rejection.self) {
            _ = try await provider.allocate(
                spec, replacing: nil, attempt: TrialAttempt("attempt000000006"))
        }
        #expect(refusal?.failure.code == .recordedElsewhere)
        #expect(refusal?.failure.kind == .stateNeedsRecovery)
        #expect(try await self.objects(of: spec.owner).isEmpty, "and nothing was changed")
        for (owner, key) in [(spec.owner, 7), (trial.spec.owner, 8)] {
            spec.owner = owner
            for isResumed in [false, true] {
                let attempt = TrialAttempt(
                    "attempt00000000\(key)", isResumed: isResumed, adopts: !isResumed)
                let adopted = try await provider.allocate(
                    spec, replacing: nil, attempt: attempt)
                var expected = machine
                expected.lineage = adopted.lineage
                #expect(adopted == expected, "it stays what it is, where it is")
                #expect(isResumed || attempt.announced.contains(.init(.machine, machine.name)))
            }
            #expect(try await self.objects(of: owner).map(\.name).contains(machine.name))
        }
        let stranger = Ownership(lineage: "another", source: spec.owner.source)
        #expect(try await self.objects(of: stranger).isEmpty)
    }

    private func takesAway(_ machine: Machine) async throws {
        let owner = trial.spec.owner
        let objects = try await self.objects(of: owner)
        #expect(objects.allSatisfy { $0.owner == owner })
        let stranger = Ownership(lineage: "another", source: owner.source)
        #expect(try await self.objects(of: stranger).isEmpty, "marks are compared in full")
        for _ in 1...2 {
            try await provider.shutDown(machine)
            try await provider.deallocate(machine)
            #expect(try await provider.inspect(machine) == nil)
        }
        try await provider.setExpiry(machine, nil)
        for object in objects { try await provider.remove(object) }
        #expect(try await self.objects(of: owner).isEmpty)
    }
}

/// An attempt that is recorded nowhere but here.
package final class TrialAttempt: AttemptRecorder {
    package let key: String
    package let isResumed: Bool
    package let named: [NamedObject]
    package let adopts: Bool
    private let objects = Locked<[NamedObject]>([])

    /// `named`: what earlier runs of this attempt named.
    package init(
        _ key: String, isResumed: Bool = false, named: [NamedObject] = [], adopts: Bool = false
    ) {
        self.key = key
        self.adopts = adopts
        self.named = named
        self.isResumed = isResumed
    }

    /// What was named before it was made, in order.
    package var announced: [NamedObject] { objects.withLock(\.self) }

    package func willMake(_ object: ObjectKind, named name: String) async throws {
        objects.withLock { $0.append(NamedObject(object, name)) }
    }
}
