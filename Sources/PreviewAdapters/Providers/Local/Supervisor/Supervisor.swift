import PreviewCore
import PreviewSystem

/// The process behind one local preview: it boots the app, carries connections to it, lets it sleep
/// when nobody comes, and starts it again when it ends.
///
/// It is this program started again, in a session of its own, so it outlives the command that
/// started it. It has one thread and one loop. It writes into its own folder and never to the
/// record of the preview.
package final class Supervisor {
    private let order: BootOrder
    private let folder: Folder
    private let workshop: Workshop
    private let record: SupervisorRecord
    private let gate: Gate
    private let groups: ControlGroups
    private let boot: BootRun
    private var settings: Settings
    private var control: ControlSocket?
    private var isBooted = false

    /// The descriptors on which the program is given its order and says that it has begun.
    enum Inherited {
        static let order: Int32 = 3
        static let ready: Int32 = 4
    }

    /// What the process is, from its first to its last instruction; returns its exit status. `root`
    /// is the folder that holds all previews.
    package static func run(root: String, app: String) async -> Int32 {
        guard let order = takeOrder() else { return 1 }
        let place = MachinePlace(root: root, app: app)
        do {
            let folder = try place.makeSupervisorFolder()
            let lock = try await FileLock.acquire(
                MachinePlace.File.lock.rawValue,
                in: folder,
                holder: order.machine.name,
                waitingUntil: .now + .seconds(15)
            )
            defer { withExtendedLifetime(lock) {} }
            let supervisor = try Supervisor(order, place: place, folder: folder)
            answer(Readiness(failure: nil))
            supervisor.live()
            return 0
        } catch {
            answer(Readiness(failure: RecordedFailure(failure(error, order))))
            return 1
        }
    }

    /// The order, or `nil` when whoever started this has died before it was complete: nobody needs
    /// this supervisor then.
    private static func takeOrder() -> BootOrder? {
        let input = Descriptor(owning: Inherited.order)
        guard let bytes = try? input.readToEnd() else { return nil }
        return BootOrder.read(bytes)
    }

    /// Says that it has begun, or why it cannot, and closes the pipe.
    private static func answer(_ readiness: Readiness) {
        // Whoever waited may have been killed; that changes nothing here.
        try? Descriptor(owning: Inherited.ready).write(MachinePlace.bytes(of: readiness))
    }

    private init(_ order: BootOrder, place: MachinePlace, folder: Folder) throws {
        self.order = order
        self.folder = folder
        let loop = EventLoop()
        settings =
            try MachinePlace.read(.settings, in: folder) ?? Settings.none(for: order.release)
        gate = try Gate(port: order.machine.port, on: loop)
        groups = ControlGroups.make(named: order.machine.name, in: .current())
        record = try SupervisorRecord(
            folder: folder,
            logs: try place.makeLogFolder(),
            status: SupervisorStatus(order, settings: settings, groups: groups)
        )
        workshop = Workshop(
            loop: loop,
            offspring: try Offspring(on: loop),
            record: record,
            pace: order.pace,
            redactor: Redactor(order.secrets.values + (order.token?.spellings ?? [])),
            groups: groups
        )
        boot = BootRun(
            workshop: workshop,
            order: order,
            place: place,
            settings: settings,
            gate: gate,
            environment: AppEnvironment(
                base: order.baseEnvironment,
                release: order.release,
                settings: settings,
                secrets: order.secrets,
                marks: order.machine.marks,
                port: try settings.fixedPort ?? Listener.freePort(),
                virtualEnvironment: nil
            )
        )
        control = try ControlSocket(in: folder, on: loop) { [unowned self] request in
            answer(request)
        }
    }

    private static func failure(_ error: any Error, _ order: BootOrder) -> Failure {
        switch error {
        case SocketFailure.addressInUse:
            Failure(
                .noFreePort,
                "port \(order.machine.port) of the preview is taken by another process",
                step: .boot,
                fix: "end what listens on it (`ss -ltnp 'sport = :\(order.machine.port)'`)"
            )
        case FileLock.Failure.held:
            Failure(
                .supervisorLost,
                "another supervisor of this preview does not end",
                step: .boot,
                fix: "run `preview stop`, then try again"
            )
        default: Failure(.supervisorLost, "the supervisor cannot begin: \(error)", step: .boot)
        }
    }

    /// Whoever removes the folder by hand takes the machine away; nobody could find this process
    /// again then.
    private func watchMachine() {
        workshop.loop.after(order.pace.seconds(5)) { [weak self] in
            guard let self else { return }
            let machine: MachineDocument?
            do {
                machine = try MachinePlace.read(.machine, in: folder)
            } catch {
                // Unreadable for the moment is not gone.
                return watchMachine()
            }
            if machine?.name == order.machine.name { watchMachine() } else { workshop.ask(.stop) }
        }
    }

    /// Boots, looks after the app, and ends with everything that was started.
    private func live() {
        watchMachine()
        do {
            let outcome = try boot.run()
            isBooted = true
            record.update { status in
                status.state = .running
                status.listening = outcome.app.address.description
            }
            record.endBoot()
            let care = AppCare(workshop: workshop, gate: gate, outcome: outcome)
            let end = care.run { settings }
            leave(as: end.state, failure: end.failure)
        } catch {
            switch error {
            case .failed(let failure): leave(as: .crashed, failure: failure)
            case .asked(.cancel): leave(as: .crashed, failure: Self.interruption)
            case .asked: leave(as: .stopped, failure: nil)
            }
        }
    }

    private static let interruption = Failure(
        .bootInterrupted,
        "the boot was interrupted",
        step: .boot,
        fix: "run step 4 again"
    )

    /// Says how it ends before it ends, so that nobody takes it for one that goes on; followers are
    /// told when nothing of it is left.
    private func leave(as state: MachineState, failure: Failure?) {
        record.update { status in
            status.state = state
            status.failure = failure.map(RecordedFailure.init)
        }
        gate.close()
        workshop.endAll()
        control?.close()
        groups.remove()
        record.update { status in
            status.app = nil
            status.listening = nil
            status.supervisor = nil
        }
        record.endBoot()
    }

    private func answer(_ request: ControlRequest) -> SupervisorStatus {
        switch request {
        case .status: break
        case .stop: workshop.ask(.stop)
        case .cancel: if !isBooted { workshop.ask(.cancel) }
        case .restart, .wake: if isBooted { workshop.ask(request) }
        case .reload: reload()
        }
        var status = record.status
        if status.state == .running, !gate.isBusy, let idle = settings.lifecycle.idleTimeout {
            let rest = gate.lastTraffic + order.pace.seconds(idle) - .now
            status.idleStopAt = SupervisorRecord.now() + max(0, Int(rest.components.seconds))
        }
        return status
    }

    /// The environment is the app's until it is booted again; life cycle and limits are new at once.
    private func reload() {
        // A file that cannot be read leaves the settings as they are.
        guard let new = try? MachinePlace.read(.settings, in: folder, as: Settings.self) else {
            return
        }
        settings.lifecycle = new.lifecycle
        settings.resources = new.resources
        settings.expiresAt = new.expiresAt
        record.update { status in
            status.resources = new.resources
            status.expiresAt = new.expiresAt
            if status.state == .running { status.notes = groups.limit(new.resources) }
        }
    }
}
