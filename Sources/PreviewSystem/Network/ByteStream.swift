import Glibc

/// A socket or the reading end of a pipe on a loop: what comes is handed on at once, what goes waits until the
/// other side takes it.
///
/// A stream rests until ``start(receiving:ending:)``. It keeps itself and its handlers alive until
/// it is closed, and it is closed by its owner, except after a failure.
package final class ByteStream {
    /// How the incoming side came to its end.
    package enum Ending: Hashable, Sendable {
        /// The other side will send no more; it may still take.
        case finished
        /// The connection broke; the stream is closed already.
        case failed(SocketFailure)
    }

    /// The most that is read at once, in bytes.
    package static let chunkSize = 64 << 10

    private let loop: EventLoop
    private var descriptor: Descriptor?
    private var watch: EventLoop.Watch?
    private var isConnecting: Bool
    private var isFinishing = false
    private var hasEnded = false
    private var receive: ([UInt8]) -> Void = { _ in }
    private var end: (Ending) -> Void = { _ in }
    private var outgoing: [UInt8] = []
    private var sent = 0

    /// Called when all that had to wait has been taken; never from within ``send(_:)``, and not for
    /// what was taken there at once.
    package var drained: () -> Void = {}

    /// A stream over a descriptor, which is made not to block.
    package init(_ descriptor: Descriptor, isConnecting: Bool = false, on loop: EventLoop) {
        self.loop = loop
        self.descriptor = descriptor
        self.isConnecting = isConnecting
        let flags = fcntl(descriptor.number, F_GETFL)
        if flags & O_NONBLOCK == 0 { _ = fcntl(descriptor.number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Begins to connect to a TCP address; what is sent meanwhile waits.
    package static func connecting(
        to address: SocketAddress,
        on loop: EventLoop
    ) throws(SocketFailure) -> ByteStream {
        let descriptor = try makeSocket(address.family)
        let result = address.withSocketAddress { connect(descriptor.number, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw SocketFailure(error: errno) }
        return ByteStream(descriptor, isConnecting: result != 0, on: loop)
    }

    /// Bytes given to ``send(_:)`` that the other side has not taken.
    package var pending: Int { outgoing.count - sent }

    /// Whether it is open, at least in one direction.
    package var isOpen: Bool { descriptor != nil }

    /// Hands on what comes from now on. `ending` is called at most once.
    package func start(
        receiving receive: @escaping ([UInt8]) -> Void,
        ending end: @escaping (Ending) -> Void
    ) {
        guard let descriptor, watch == nil else { return }
        self.receive = receive
        self.end = end
        turnOffDelay(of: descriptor)
        watch = loop.watch(descriptor, for: isConnecting ? .writing : .reading) { [self] happened in
            if happened.contains(.writing) { continueSending() }
            if happened.contains(.reading), canRead { read() }
        }
        if isConnecting { updateInterest() } else { flush() }
    }

    /// Whether incoming bytes are taken; false leaves them with the sender.
    package var isReading = true {
        didSet { updateInterest() }
    }

    /// Gives bytes to the other side, which takes them when it can.
    package func send(_ bytes: [UInt8]) {
        guard descriptor != nil, !isFinishing else { return }
        if outgoing.isEmpty { outgoing = bytes } else { outgoing += bytes }
        if watch != nil, !isConnecting { flush() }
    }

    /// Tells the other side, after all that was sent, that no more will come; it may still send.
    package func finish() {
        guard !isFinishing else { return }
        isFinishing = true
        if pending == 0, !isConnecting { shutDownWriting() }
    }

    /// Closes it at once, without another call of a handler.
    ///
    /// - Parameter abruptly: the other side sees a broken connection, not an end.
    package func close(abruptly: Bool = false) {
        guard let descriptor else { return }
        if abruptly {
            var linger = linger(l_onoff: 1, l_linger: 0)
            let size = socklen_t(MemoryLayout.size(ofValue: linger))
            setsockopt(descriptor.number, SOL_SOCKET, SO_LINGER, &linger, size)
        }
        if let watch { loop.cancel(watch) }
        self.descriptor = nil
        watch = nil
        outgoing = []
        sent = 0
        receive = { _ in }
        end = { _ in }
        drained = {}
    }

    /// Takes what is there already, without waiting for more; for the last words of a child.
    package func readRest() {
        while isReading, read() {}
    }

    /// Hands on one chunk; returns whether there may be more at once.
    @discardableResult
    private func read() -> Bool {
        guard let descriptor, !hasEnded else { return false }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunkSize) { buffer, filled in
            count = repeatingInterrupted {
                Glibc.read(descriptor.number, buffer.baseAddress, buffer.count)
            }
            filled = max(count, 0)
        }
        if count > 0 {
            receive(bytes)
            return true
        }
        if count == 0 {
            hasEnded = true
            updateInterest()
            end(.finished)
        } else if errno != EAGAIN {
            fail(errno)
        }
        return false
    }

    private func continueSending() {
        if isConnecting, let descriptor {
            isConnecting = false
            let error = connectionError(of: descriptor)
            guard error == 0 else { return fail(error) }
        }
        let hadPending = pending > 0
        flush()
        if hadPending, pending == 0, isOpen { drained() }
    }

    private func flush() {
        while let descriptor, pending > 0 {
            let count = outgoing.withUnsafeBytes { bytes in
                repeatingInterrupted {
                    Glibc.send(
                        descriptor.number,
                        bytes.baseAddress.map { $0 + sent },
                        pending,
                        Int32(MSG_NOSIGNAL)
                    )
                }
            }
            if count < 0 {
                if errno != EAGAIN { return fail(errno) }
                break
            }
            sent += count
        }
        if pending == 0 {
            outgoing = []
            sent = 0
            if isFinishing { shutDownWriting() }
        }
        updateInterest()
    }

    private func fail(_ error: Int32) {
        let end = end
        close()
        end(.failed(SocketFailure(error: error)))
    }

    private func shutDownWriting() {
        guard let descriptor else { return }
        shutdown(descriptor.number, Int32(SHUT_WR))
    }

    private var canRead: Bool { isReading && !isConnecting && !hasEnded }

    private func updateInterest() {
        var interest: EventLoop.Interest = canRead ? .reading : []
        if pending > 0 || isConnecting { interest.insert(.writing) }
        watch?.interest = interest
    }
}

/// Small answers must not wait for the acknowledgement of what went before them (tcp(7)).
private func turnOffDelay(of descriptor: Descriptor) {
    var yes: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    // Fails harmlessly on pipes and Unix sockets, which have no such delay.
    setsockopt(descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
}

private func connectionError(of descriptor: Descriptor) -> Int32 {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &error, &size)
    return error
}
