import PreviewSystem

/// The preview's port: takes connections, holds them while the app is not up, and carries them to
/// the app while it is.
final class Gate {
    /// The most connections at once; further ones wait in the kernel. Each takes two descriptors
    /// of the 1024 that a process has where nobody raised the limit.
    private static let limit = 450

    private let loop: EventLoop
    private let listeners: [Listener]
    private var target: SocketAddress?
    private var held: [ByteStream] = []
    private var relays: [ObjectIdentifier: Relay] = [:]

    /// When a connection was open last; now, while one is.
    var lastTraffic: ContinuousClock.Instant {
        isBusy ? .now : lastEnd
    }
    private var lastEnd = ContinuousClock.now

    /// Listens at the port on `127.0.0.1`, and on `::1` where that exists and is free.
    init(port: Int, on loop: EventLoop) throws(SocketFailure) {
        self.loop = loop
        let main = try Listener.tcp(.loopback(port: port), on: loop)
        // Names under `.localhost` may lead to either; without IPv6 the first is all there is.
        let second = try? Listener.tcp(.loopback6(port: main.port), on: loop)
        listeners = [main] + (second.map { [$0] } ?? [])
        for listener in listeners {
            listener.accept { [unowned self] client in take(client) }
        }
    }

    /// The port it listens on.
    var port: Int { listeners[0].port }

    /// Whether a connection is open, held ones included.
    var isBusy: Bool { !relays.isEmpty || !held.isEmpty }

    /// Whether connections wait for the app.
    var hasHeld: Bool { !held.isEmpty }

    /// From now on connections go to the app at `address`, beginning with those that were held.
    func open(to address: SocketAddress) {
        target = address
        let waiting = held
        held = []
        for client in waiting { connect(client, to: address) }
    }

    /// From now on connections are held. Open ones stay as they are.
    func hold() {
        target = nil
    }

    /// Breaks off what is held, as nobody is going to serve it.
    func dropHeld() {
        for client in held { client.close(abruptly: true) }
        held = []
        noteEnd()
    }

    /// Takes no further connection and breaks off those that are open.
    func close() {
        for listener in listeners { listener.close() }
        dropHeld()
        for relay in relays.values { relay.breakOff() }
        relays = [:]
    }

    private func take(_ client: ByteStream) {
        if let target {
            connect(client, to: target)
        } else {
            held.append(client)
        }
        updatePause()
    }

    private func connect(_ client: ByteStream, to address: SocketAddress) {
        do {
            let app = try ByteStream.connecting(to: address, on: loop)
            let relay = Relay(client: client, app: app) { [weak self] relay in
                self?.forget(relay)
            }
            relays[ObjectIdentifier(relay)] = relay
        } catch {
            client.close(abruptly: true)
            noteEnd()
        }
    }

    private func forget(_ relay: Relay) {
        relays[ObjectIdentifier(relay)] = nil
        noteEnd()
    }

    private func noteEnd() {
        lastEnd = .now
        updatePause()
    }

    private func updatePause() {
        let isFull = relays.count + held.count >= Self.limit
        for listener in listeners where listener.isPaused != isFull { listener.isPaused = isFull }
    }
}
