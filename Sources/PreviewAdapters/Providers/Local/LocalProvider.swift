package import PreviewCore
import PreviewSystem

/// Runs previews on this machine: each in a folder of its own, under a supervisor that outlives the
/// command (SPEC section 8).
package struct LocalProvider: Provider {
    /// What the provider needs to know of its surroundings.
    package struct Surroundings: Sendable {
        /// Absolute folder that holds all previews, `.preview`.
        package var root: String
        /// Absolute path of this program, of which supervisors are made.
        package var executable: String
        /// The variables this program was started with.
        package var environment: [String: String]
        /// How git is called.
        package var git: GitRepository
        /// Texts that must never be shown, such as tokens.
        package var hidden: [String] = []
        /// The supervisors' own times.
        package var pace = Pace()

        package init(
            root: String,
            executable: String,
            environment: [String: String],
            git: GitRepository
        ) {
            self.root = root
            self.executable = executable
            self.environment = environment
            self.git = git
        }
    }

    package let name = ProviderName.local
    let surroundings: Surroundings

    /// Nothing is looked at before the first question.
    package init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
    }

    func place(of app: String) -> MachinePlace {
        MachinePlace(root: surroundings.root, app: app)
    }

    /// The supervisor's folder of a machine, or `nil` when the machine is gone.
    func link(to machine: Machine) throws(FileFailure) -> SupervisorLink? {
        let place = place(of: machine.app)
        guard let folder = try place.supervisorFolder(),
            let document: MachineDocument = try MachinePlace.read(.machine, in: folder),
            document.name == machine.name
        else { return nil }
        return SupervisorLink(place: place, folder: folder, machine: document)
    }

    /// The same where the machine must be there.
    func requireLink(to machine: Machine, step: StepID?) throws -> SupervisorLink {
        if let link = try link(to: machine) { return link }
        throw Rejection(
            Failure(
                .machineGone,
                "machine \(machine.name) is gone",
                step: step,
                evidence: [.init("folder", place(of: machine.app).path)],
                fix: "run `preview plan`: step 2 makes it anew"
            )
        )
    }
}

// MARK: - Machines

extension LocalProvider {
    package func propose(_ spec: MachineSpec) async throws -> Proposal {
        let present = try document(of: spec.app)
        if let present, present.owner.source == spec.owner.source {
            return Proposal(
                app: spec.app, url: Self.url(spec.app, port: present.port),
                remarks: present.owner == spec.owner ? [] : [Self.isRecordedElsewhere])
        }
        let app = try Self.name(spec.app)
        let port = try freePort(for: app)
        let derived = app.localPort()
        let isTaken = Plan.Warning(
            code: .noFreePort, message: "port \(derived) is taken, so \(port) is used")
        return Proposal(
            app: spec.app,
            url: Self.url(spec.app, port: port),
            remarks: port == derived ? [] : [isTaken]
        )
    }

    package func allocate(
        _ spec: MachineSpec,
        replacing previous: Machine?,
        attempt: any AttemptRecorder
    ) async throws -> Machine {
        let name = "pv-" + attempt.key
        if let present = try document(of: spec.app) {
            if present.attempt == attempt.key, present.owner == spec.owner {
                return Self.machine(present)
            }
            guard present.owner.lineage == spec.owner.lineage else {
                return try await adopt(present, spec, attempt)
            }
            try await deallocate(Self.machine(present))
        }
        if let previous, previous.app != spec.app { try await deallocate(previous) }
        let port = try freePort(for: try Self.name(spec.app))
        try await attempt.willMake(.machine, named: name)
        let document = MachineDocument(
            name: name,
            app: spec.app,
            owner: spec.owner,
            attempt: attempt.key,
            port: port,
            createdAt: SupervisorRecord.now(),
            expiresAt: spec.expiresAt
        )
        try write(document)
        try FaultPoint.hit(.callSent)
        return Self.machine(document)
    }

    package func configure(
        _ machine: Machine,
        _ settings: Settings,
        secrets: [String: String],
        attempt: any AttemptRecorder
    ) async throws -> SettingsReceipt {
        let link = try requireLink(to: machine, step: .settings)
        do {
            try MachinePlace.write(settings, to: .settings, in: link.folder)
        } catch {
            throw Failure(.settingsFailed, "\(error)", step: .settings)
        }
        try FaultPoint.hit(.callSent)
        if try link.living != nil { _ = await ControlSocket.ask(.reload, in: link.folder) }
        let groups = ControlGroups.make(named: "check-" + machine.name, in: .current())
        defer { groups.remove() }
        return SettingsReceipt(notes: groups.limit(settings.resources))
    }

    package func inspect(_ machine: Machine) async throws -> MachineStatus? {
        guard let link = try link(to: machine) else { return nil }
        // The settings the machine has, which a running app was not always started with yet.
        let settings: Settings? = try MachinePlace.read(.settings, in: link.folder)
        guard let status = try await link.status() else {
            return MachineStatus(
                state: .created,
                settingsRevision: settings?.revision,
                region: machine.region,
                createdAt: link.machine.createdAt,
                since: link.machine.createdAt
            )
        }
        return MachineStatus(
            state: status.state,
            detail: status.failure?.message,
            commit: status.commit,
            settingsRevision: settings?.revision,
            resources: status.resources,
            region: machine.region,
            createdAt: link.machine.createdAt,
            since: status.since,
            idleStopAt: status.idleStopAt,
            restarts: status.restarts
        )
    }

    package func setExpiry(_ machine: Machine, _ end: Timestamp?) async throws {
        guard let link = try link(to: machine) else { return }
        var document = link.machine
        document.expiresAt = end
        var settings: Settings? = try MachinePlace.read(.settings, in: link.folder)
        settings?.expiresAt = end
        do {
            if let settings { try MachinePlace.write(settings, to: .settings, in: link.folder) }
            try MachinePlace.write(document, to: .machine, in: link.folder)
        } catch {
            throw Failure(.settingsFailed, "the end of its life cannot be written: \(error)")
        }
        if try link.living != nil { _ = await ControlSocket.ask(.reload, in: link.folder) }
    }

    /// It is this machine's clock.
    package func time() async throws -> Timestamp? { nil }

    package func deallocate(_ machine: Machine) async throws {
        let place = place(of: machine.app)
        if let link = try link(to: machine) {
            try await link.end()
        } else if let present = try document(of: machine.app), present.name != machine.name {
            // The folder belongs to a machine that came after this one.
            return
        }
        try place.remove()
        try FaultPoint.hit(.callSent)
    }

    package func objects(
        of owner: Ownership, named: [NamedObject]
    ) async throws -> [OwnedObject] {
        var found: [OwnedObject] = []
        for document in try documents() where document.owner == owner {
            found.append(
                OwnedObject(
                    kind: .machine,
                    name: document.name,
                    id: document.app,
                    owner: owner,
                    attempt: document.attempt
                )
            )
        }
        let processes = ProcessIdentity.all(
            withVariables: [AppEnvironment.Mark.lineage: owner.lineage])
        return found
            + processes.map {
                OwnedObject(
                    kind: .process,
                    name: "process \($0.pid)",
                    id: Self.text(of: $0),
                    owner: owner
                )
            }
    }

    package func remove(_ object: OwnedObject) async throws {
        switch object.kind {
        case .machine:
            guard let document = try document(of: object.id), document.owner == object.owner else {
                return
            }
            try await deallocate(Self.machine(document))
        case .process: await Self.identity(of: object.id)?.endTree(grace: .seconds(5))
        case .app, .address: break
        }
    }
}

// MARK: - Details

extension LocalProvider {
    static func machine(_ document: MachineDocument) -> Machine {
        Machine(
            id: document.name,
            name: document.name,
            app: document.app,
            url: url(document.app, port: document.port),
            region: "local",
            port: document.port
        )
    }

    private static func url(_ app: String, port: Int) -> String {
        "http://\(app).localhost:\(port)"
    }

    private static func name(_ app: String) throws -> AppName {
        guard let name = AppName(app) else {
            throw Rejection(
                Failure(.allocationFailed, "`\(app)` is no name for an app", step: .machine)
            )
        }
        return name
    }

    private static let isRecordedElsewhere = Plan.Warning(
        code: .recordedElsewhere,
        message: "another record has a machine of this preview; step 2 asks before taking it over")

    private static func refusal(_ document: MachineDocument, _ owner: Ownership) -> Rejection {
        let isAdoptable = document.owner.source == owner.source
        return Rejection(
            Failure(
                isAdoptable ? .recordedElsewhere : .foreignObject, .stateNeedsRecovery,
                "a machine of this name belongs to another record", step: .machine,
                evidence: [
                    .init("machine", "\(document.name), since \(document.createdAt.text)"),
                    .init("its lineage", document.owner.lineage),
                    .init("this lineage", owner.lineage),
                ],
                fix: isAdoptable
                    ? "take it over with `preview apply --adopt`, or restore the record it belongs to"
                    : "restore the record it belongs to (`preview state restore`) and destroy it there",
                retry: isAdoptable ? "preview apply --adopt" : nil))
    }

    /// Makes another record's machine this one's: name, port and checkout stay.
    private func adopt(
        _ document: MachineDocument, _ spec: MachineSpec, _ attempt: any AttemptRecorder
    ) async throws -> Machine {
        guard attempt.adopts, document.owner.source == spec.owner.source else {
            throw Self.refusal(document, spec.owner)
        }
        try await attempt.willMake(.machine, named: document.name)
        // What runs carries the other record's mark, by which this one would not find it again.
        if let link = try link(to: Self.machine(document)) { try await link.end() }
        var adopted = document
        (adopted.owner, adopted.attempt) = (spec.owner, attempt.key)
        adopted.expiresAt = spec.expiresAt
        try write(adopted, over: document)
        try FaultPoint.hit(.callSent)
        return Self.machine(adopted)
    }

    private func document(of app: String) throws -> MachineDocument? {
        guard let folder = try place(of: app).supervisorFolder() else { return nil }
        return try MachinePlace.read(.machine, in: folder)
    }

    func documents() throws -> [MachineDocument] {
        let names: [String]
        do {
            names = try Folder.open(surroundings.root).entryNames()
        } catch {
            if error.cause == .notFound { return [] }
            throw error
        }
        // What is no preview's folder, or not ours to read, holds no machine of ours.
        return names.compactMap { try? document(of: $0) }
    }

    /// The derived port, or the next one on which nobody listens and which no preview has.
    private func freePort(for app: AppName) throws -> Int {
        let reserved = Set(
            try documents().filter { $0.app != app.description }.map(\.port)
        )
        for number in 0..<AppName.localPorts.count {
            let port = app.localPort(number: number)
            if !reserved.contains(port), Listener.isFree(port: port) { return port }
        }
        throw Rejection(
            Failure(
                .noFreePort,
                "no port from 20000 to 39999 is free",
                step: .machine,
                fix: "destroy previews that are no longer needed"
            )
        )
    }

    /// Writes a machine down, unless another command has written in between.
    ///
    /// `previous`: what must be there; `nil` where there must be nothing.
    private func write(_ document: MachineDocument, over previous: MachineDocument? = nil) throws {
        let isMade: Bool
        do {
            isMade = try place(of: document.app).makeSupervisorFolder().exchange(
                MachinePlace.File.machine.rawValue,
                with: MachinePlace.bytes(of: document),
                readingAtMost: 1 << 20
            ) { bytes in
                // What cannot be read is not what must be there.
                let present: MachineDocument? = bytes.flatMap { try? JSONReader.read($0).decoded() }
                let isExpected = present == previous && (bytes == nil) == (previous == nil)
                return isExpected ? .replace(keeping: nil) : .leave
            }
        } catch {
            throw Failure(.allocationFailed, "\(error)", step: .machine)
        }
        if isMade { return }
        let place = place(of: document.app)
        let isDamaged = try self.document(of: document.app) == nil
        throw Failure(
            .allocationFailed,
            isDamaged
                ? "what is written down about the machine cannot be read"
                : "another command has just changed the machine here",
            step: .machine,
            evidence: [.init("folder", place.path + "/supervisor")],
            fix: isDamaged ? "remove that folder; nothing but the machine is in it" : "plan again"
        )
    }

    private static func text(of process: ProcessIdentity) -> String {
        "\(process.pid) \(process.startTicks) \(process.bootID)"
    }

    private static func identity(of text: String) -> ProcessIdentity? {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let pid = Int32(parts[0]), let ticks = UInt64(parts[1]) else {
            return nil
        }
        return ProcessIdentity(pid: pid, startTicks: ticks, bootID: String(parts[2]))
    }
}
