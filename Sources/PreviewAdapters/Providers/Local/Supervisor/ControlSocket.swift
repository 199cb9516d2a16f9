import PreviewCore
import PreviewSystem

/// What a command asks of a running supervisor.
enum ControlRequest: String, Codable, Sendable {
    /// How things are, with live times.
    case status
    /// End the app and the supervisor.
    case stop
    /// Abandon the boot, or do nothing when it is over.
    case cancel
    /// Stop and start the app.
    case restart
    /// Start the app if it sleeps.
    case wake
    /// Read the settings again and apply what can be applied to a running app.
    case reload
}

/// The supervisor's ear: one request per connection, answered with its status.
final class ControlSocket {
    /// The longest request, in bytes.
    private static let limit = 1024

    private let listener: Listener
    private let answer: (ControlRequest) -> SupervisorStatus

    /// Listens in a folder; `answer` is called inside a wait of the loop and must not wait itself.
    init(
        in folder: Folder,
        on loop: EventLoop,
        answering answer: @escaping (ControlRequest) -> SupervisorStatus
    ) throws(SocketFailure) {
        listener = try Listener.unix(MachinePlace.File.control.rawValue, in: folder, on: loop)
        self.answer = answer
        listener.accept { [unowned self] stream in serve(stream) }
    }

    /// Listens no longer.
    func close() { listener.close() }

    /// Asks the supervisor of a folder; `nil` when there is none that answers.
    static func ask(
        _ request: ControlRequest,
        in folder: Folder,
        timeout: Duration = .seconds(5)
    ) async -> SupervisorStatus? {
        do {
            let answer = try await UnixSocket.ask(
                Array((request.rawValue + "\n").utf8),
                at: MachinePlace.File.control.rawValue,
                in: folder,
                timeout: timeout
            )
            return try JSONReader.read(answer).decoded()
        } catch {
            // Gone, hung or of another version: in every case there is nobody who could be asked.
            return nil
        }
    }

    private func serve(_ stream: ByteStream) {
        var received: [UInt8] = []
        stream.drained = { [unowned stream] in stream.close() }
        stream.start(
            receiving: { [unowned self, unowned stream] bytes in
                received += bytes
                guard received.count <= Self.limit else { return stream.close() }
                guard received.last == UInt8(ascii: "\n") else { return }
                let name = String(decoding: received.dropLast(), as: UTF8.self)
                guard let request = ControlRequest(rawValue: name) else { return stream.close() }
                stream.send(MachinePlace.bytes(of: answer(request)))
                if stream.pending == 0 { stream.close() }
            },
            ending: { [unowned stream] _ in
                if stream.pending == 0 { stream.close() }
            }
        )
    }
}
