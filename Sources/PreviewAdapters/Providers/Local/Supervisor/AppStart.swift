import PreviewCore
import PreviewSystem

/// Starts the app and watches until it listens on its port.
struct AppStart {
    let workshop: Workshop
    let order: BootOrder
    let environment: AppEnvironment
    /// Absolute folder of the application.
    let folder: String

    /// An app that listens.
    struct Listening {
        var child: Offspring.Child
        var address: SocketAddress
        /// Remarks for the user.
        var notes: [String] = []
    }

    /// Starts it with limits; everything that runs already is not the app's. Install and build are
    /// not limited: they commonly need more than the app, and this machine has it.
    func run(limiting resources: Config.Resources) throws(BootEnd) -> Listening {
        let others = Set(workshop.offspring.processes())
        workshop.record.beginOutput()
        var notes = workshop.groups.limit(resources)
        let environment = try environmentWithFreePort()
        let child = try workshop.start(try command(environment), phase: .start)
        workshop.record.update { status in
            status.app = child.identity
            status.privatePort = environment.port
            status.starts += 1
        }
        var watch = ListenerWatch(environment: environment, order: order)
        let limit = order.pace.seconds(order.release.timeouts.start)
        let listens = try workshop.wait(
            "the app to listen on port \(environment.port)",
            until: ContinuousClock.now + limit,
            asking: Self.interval
        ) {
            guard child.ending == nil else { return true }
            return watch.look(at: workshop.offspring.processes().filter { !others.contains($0) })
        }
        workshop.offspring.readRest()
        if let ending = child.ending {
            let left = workshop.offspring.processes().contains { !others.contains($0) }
            throw .failed(failure(child, ending, isInBackground: left))
        }
        guard listens, let address = watch.address else { throw .failed(watch.failure(workshop)) }
        if notes.isEmpty, !workshop.groups.processes().contains(child.identity.pid) {
            notes.append("limits are not enforced here: the app cannot be put into a control group")
        }
        return Listening(child: child, address: address, notes: notes + watch.notes)
    }

    /// The failure of an app that ended.
    func failure(
        _ child: Offspring.Child,
        _ ending: ProcessEnding,
        isInBackground: Bool = false,
        after event: String = ""
    ) -> Failure {
        let seconds = (ContinuousClock.now - child.startedAt).tenths
        let lines = workshop.record.lastLines
        if isInBackground, ending.isSuccess {
            return Failure(
                .wentToBackground,
                "the start command ended and left the app in the background",
                step: .boot,
                evidence: lines.evidence,
                fix: "start the app in the foreground, without `&`, `nohup` or a daemon option"
            )
        }
        let isUnknown = ending == .exited(127)
        return Failure(
            isUnknown ? .commandNotFound : .appEnded,
            isUnknown
                ? "the start command names a program that is not there"
                : "the app \(ending.text) after \(seconds) s\(event)",
            step: .boot,
            evidence: [.init("command", line)] + lines.evidence,
            fix: memoryFix ?? BootDiagnosis.fix(for: lines.lines)
                ?? (ending.isSuccess
                    ? "use a start command that keeps running in the foreground"
                    : "run the start command here by hand, repair it, commit and push")
        )
    }

    private var memoryFix: String? {
        guard workshop.groups.hasRunOutOfMemory else { return nil }
        return "its memory was used up: give it more under `resources: { memory: … }`"
    }

    private var line: String { order.release.start ?? "static files" }

    /// A port is chosen for each start: the one before may have been taken while the app slept.
    private func environmentWithFreePort() throws(BootEnd) -> AppEnvironment {
        guard environment.settings.fixedPort == nil else { return environment }
        var environment = environment
        do {
            environment.port = try Listener.freePort()
        } catch {
            throw .failed(
                Failure(.noFreePort, "there is no port for the app: \(error)", step: .boot)
            )
        }
        return environment
    }

    private func command(_ environment: AppEnvironment) throws(BootEnd) -> Command {
        if let start = order.release.start {
            return Command(
                "/bin/sh",
                ["-c", start],
                environment: environment.forApp,
                directory: folder
            )
        }
        guard let root = order.release.staticRoot else {
            throw .failed(
                Failure(
                    .startCommandMissing,
                    "there is no start command",
                    step: .boot,
                    fix: "write `run: { start: … }` in preview.yaml"
                )
            )
        }
        let path = root == "." || root.isEmpty ? folder : folder + "/" + root
        // Whatever the reason, a folder that cannot be opened cannot be served.
        guard (try? Folder.open(path, ownedBy: .any)) != nil else {
            throw .failed(
                Failure(
                    .startCommandMissing,
                    "the folder `\(root)` that is to be served is not there",
                    step: .boot,
                    fix: "check what the build writes, or write `run: { start: … }` in preview.yaml"
                )
            )
        }
        return Command(
            order.executable,
            ["__serve-static", path, String(environment.port)],
            environment: environment.forApp,
            directory: folder
        )
    }

    /// Often at first, then less so: an app that starts slowly is found a little later.
    private static func interval(waited: Duration) -> Duration {
        min(max(waited / 20, .milliseconds(5)), .milliseconds(100))
    }
}

/// Looks for the socket on which the app listens.
private struct ListenerWatch {
    let environment: AppEnvironment
    let order: BootOrder
    /// Where the app is reached, once it is.
    private(set) var address: SocketAddress?
    private(set) var notes: [String] = []
    private var others: [ListeningSocket] = []
    private var othersSince: ContinuousClock.Instant?

    init(environment: AppEnvironment, order: BootOrder) {
        self.environment = environment
        self.order = order
    }

    /// Returns whether there is something to decide: the app listens where it should, or has been
    /// listening elsewhere for so long that it will not.
    mutating func look(at processes: [ProcessIdentity]) -> Bool {
        let sockets = ListeningSocket.all(of: processes)
        if take(sockets, port: environment.port) { return true }
        if let expected = order.release.port, take(sockets, port: expected) {
            notes.append(
                "the app ignores PORT and listens on \(expected); two previews of it cannot run here "
                    + "at once"
            )
            return true
        }
        others = sockets
        guard !sockets.isEmpty else {
            othersSince = nil
            return false
        }
        let since = othersSince ?? .now
        othersSince = since
        // Some open a port for debugging first, so the user's own patience decides.
        return ContinuousClock.now - since > order.pace.seconds(order.release.timeouts.start) / 8
    }

    /// Why the app is not reached, with what was found instead.
    func failure(_ workshop: Workshop) -> Failure {
        let lines = workshop.record.lastLines
        guard !others.isEmpty else {
            return Failure(
                .neverListened,
                .timedOut,
                "the app did not listen on port \(environment.port) within "
                    + "\(order.release.timeouts.start) s",
                step: .boot,
                evidence: [.init("sockets", "none")] + lines.evidence,
                fix: BootDiagnosis.fix(for: lines.lines)
                    ?? PortAdvice.fix(
                        start: order.release.start, runtime: order.release.platform.runtime)
                    + "; if it only needs longer, raise `timeouts: { start: … }`"
            )
        }
        let found = others.map { "\($0.address) port \($0.port)" }.joined(separator: ", ")
        let ports = Set(others.map { Int($0.port) }).sorted()
        let list = ports.map(String.init).joined(separator: " or ")
        return Failure(
            .wrongPort,
            "the app listens on port \(list) and not on \(environment.port), as PORT asks",
            step: .boot,
            evidence: [.init("sockets", found)] + lines.evidence,
            fix: PortAdvice.fix(
                start: order.release.start,
                runtime: order.release.platform.runtime,
                found: ports
            )
        )
    }

    private mutating func take(_ sockets: [ListeningSocket], port: Int) -> Bool {
        let matching = sockets.filter { Int($0.port) == port }
        guard let socket = matching.first(where: \.isOnAllAddresses) ?? matching.first,
            let address = SocketAddress(socket)
        else { return false }
        self.address = address
        // A command that takes HOST follows it everywhere; of others it is not known.
        let start = order.release.start ?? "$HOST"
        if matching.allSatisfy(\.isLoopbackOnly), !start.contains("$HOST") {
            notes.append(
                "the app listens on \(socket.address) only, as HOST asks here; where HOST is 0.0.0.0, "
                    + "as on fly, it must follow that"
            )
        }
        return true
    }
}

extension SocketAddress {
    /// The address at which a client on this machine reaches a listening socket.
    fileprivate init?(_ socket: ListeningSocket) {
        let port = Int(socket.port)
        switch socket.address {
        case "0.0.0.0": self = .loopback(port: port)
        case "::":
            // One that takes both kinds is reached by either; one that takes IPv6 alone needs it.
            self = Listener.hasIPv6 ? .loopback6(port: port) : .loopback(port: port)
        default: self.init(text: socket.address, port: port)
        }
    }
}

extension Duration {
    /// Seconds with one decimal.
    var tenths: String {
        let (seconds, attoseconds) = components
        return "\(seconds).\(attoseconds / 100_000_000_000_000_000)"
    }

    /// Seconds.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
