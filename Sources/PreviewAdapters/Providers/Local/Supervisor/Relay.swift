import PreviewSystem

/// Carries bytes between a client and the app, in both directions, until both have ended.
///
/// An end in one direction is passed on as an end in that direction, a broken connection as a
/// broken one, and whoever sends faster than the other side takes is made to wait.
final class Relay {
    /// Bytes that may wait in one direction before the sender is made to wait.
    private static let limit = 256 << 10

    private let client: ByteStream
    private let app: ByteStream
    private let whenDone: (Relay) -> Void
    private var endedSides = 0

    /// Starts to carry; `whenDone` is called once, when both connections are closed.
    init(client: ByteStream, app: ByteStream, whenDone: @escaping (Relay) -> Void) {
        self.client = client
        self.app = app
        self.whenDone = whenDone
        carry(from: client, to: app)
        carry(from: app, to: client)
    }

    /// Breaks both connections off.
    func breakOff() {
        client.close(abruptly: true)
        app.close(abruptly: true)
    }

    private func carry(from source: ByteStream, to target: ByteStream) {
        target.drained = { [self] in
            source.isReading = true
            closeWhenDone()
        }
        source.start(
            receiving: { bytes in
                target.send(bytes)
                if target.pending > Self.limit { source.isReading = false }
            },
            ending: { [self] ending in
                switch ending {
                case .finished: finish(target)
                case .failed: giveUp(target)
                }
            }
        )
    }

    private func finish(_ target: ByteStream) {
        endedSides += 1
        target.finish()
        closeWhenDone()
    }

    /// What the broken side sent before it broke still reaches the other side.
    private func giveUp(_ target: ByteStream) {
        guard target.isOpen, target.pending > 0 else { return endAbruptly(target) }
        target.isReading = false
        target.drained = { [self] in endAbruptly(target) }
    }

    private func endAbruptly(_ target: ByteStream) {
        target.close(abruptly: true)
        whenDone(self)
    }

    private func closeWhenDone() {
        guard endedSides == 2, client.pending == 0, app.pending == 0, client.isOpen else { return }
        client.close()
        app.close()
        whenDone(self)
    }
}
