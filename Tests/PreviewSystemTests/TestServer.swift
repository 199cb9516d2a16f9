import Glibc
import PreviewSystem
import Testing

/// A small HTTP server on a port of its own, which answers as the test says.
final class TestServer: Sendable {
    /// What a connection does with a request.
    enum Answer: Sendable {
        /// Sends these bytes and waits for the next request.
        case send(String)
        /// Sends these bytes, then nothing, and keeps the connection open.
        case sendThenHang(String)
        /// Sends these parts with this time between them.
        case sendSlowly([String], every: Duration)
        /// Sends these bytes and closes.
        case sendThenClose(String)
        /// Sends this many bytes after a head, then waits for the next request, and sets the flag
        /// whenever nobody has taken any for a while.
        case flood(Int, isBlocked: Locked<Bool>)
        /// Agrees, and from then on passes all bytes to and from this port.
        case tunnel(to: UInt16)
        /// Closes without a word.
        case close
    }

    let port: UInt16
    private let listener: Descriptor
    private let state = Locked((requests: [String](), connections: 0))

    /// The heads received, each with its body as far as it came along.
    var requests: [String] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }

    init(_ answer: @escaping @Sendable (_ path: String, _ head: String) -> Answer) throws {
        (listener, port) = try makeListener(backlog: 50)
        BlockingThread.start { [listener, state] in
            while true {
                let number = accept(listener.number, nil, nil)
                guard number >= 0 else { return }
                state.withLock { $0.connections += 1 }
                let connection = Descriptor(owning: number)
                BlockingThread.start {
                    serve(connection, answer) { head in
                        state.withLock { $0.requests.append(head) }
                    }
                }
            }
        }
    }

    deinit {
        shutdown(listener.number, Int32(SHUT_RDWR))
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
}

/// A whole answer with a body.
func answer(_ status: String, _ headers: [String] = [], body: String = "") -> TestServer.Answer {
    let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
    return .send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
}

extension HTTPClient {
    /// The failure that a request must end in.
    func failure(of request: HTTPRequest) async -> HTTPFailure? {
        await #expect(throws: HTTPFailure.self) { try await send(request) }
    }
}

/// A socket on 127.0.0.1 on which somebody could be accepted, and its port.
func makeListener(backlog: Int32) throws -> (Descriptor, UInt16) {
    let descriptor = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(descriptor.number, pointer, length) == 0
                && listen(descriptor.number, backlog) == 0
                && getsockname(descriptor.number, pointer, &length) == 0
        }
    }
    guard isListening else { throw FileFailure(.create, "a listener", .system(errno)) }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

private func serve(
    _ connection: Descriptor,
    _ answer: (String, String) -> TestServer.Answer,
    _ record: (String) -> Void
) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        var head = ""
        while !head.contains("\r\n\r\n") {
            let count = read(connection.number, &buffer, buffer.count)
            if count <= 0 { return }
            head += String(decoding: buffer[..<count], as: UTF8.self)
        }
        record(head)
        let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        switch answer(path, head) {
        case .send(let text): OutputChannel(connection.number).write(text)
        case .sendSlowly(let parts, let pause):
            for part in parts {
                OutputChannel(connection.number).write(part)
                usleep(UInt32(pause / .microseconds(1)))
            }
        case .sendThenClose(let text):
            OutputChannel(connection.number).write(text)
            return
        case .flood(let count, let isBlocked):
            flood(connection, count, isBlocked)
        case .tunnel(let port):
            OutputChannel(connection.number).write("HTTP/1.1 200 Connection established\r\n\r\n")
            passThrough(connection, port)
            return
        case .close: return
        case .sendThenHang(let text):
            OutputChannel(connection.number).write(text)
            // Ends when the client gives up.
            _ = read(connection.number, &buffer, 1)
            return
        }
    }
}

/// The byte that a flood has at a place: the places of a part are told apart by it.
func floodByte(at place: Int) -> UInt8 { UInt8(place % 251) }

private func flood(_ connection: Descriptor, _ count: Int, _ isBlocked: Locked<Bool>) {
    OutputChannel(connection.number).write(
        "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n"
    )
    // A whole number of rounds, so that every write begins with the same byte.
    let rounds = (0..<251 * 256).map(floodByte)
    var sent = 0
    while sent < count {
        var waiting = pollfd(fd: connection.number, events: Int16(POLLOUT), revents: 0)
        while poll(&waiting, 1, 700) == 0 {
            isBlocked.withLock { $0 = true }
        }
        let start = sent % rounds.count
        let part = rounds[start..<min(rounds.count, start + count - sent)]
        let written = part.withUnsafeBytes {
            send(connection.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        guard written > 0 else { return }
        sent += written
    }
}

/// Passes bytes between a connection and a port of this machine until either side ends.
private func passThrough(_ connection: Descriptor, _ port: UInt16) {
    let far = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    guard withLoopbackAddress(port, { connect(far.number, $0, $1) }) == 0 else { return }
    BlockingThread.start { copy(far, connection) }
    copy(connection, far)
}

private func copy(_ source: Descriptor, _ target: Descriptor) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = read(source.number, &buffer, buffer.count)
        guard count > 0, write(target.number, buffer, count) == count else { break }
    }
    shutdown(source.number, Int32(SHUT_RDWR))
    shutdown(target.number, Int32(SHUT_RDWR))
}

/// Calls `body` with the address of a port of 127.0.0.1.
func withLoopbackAddress(
    _ port: UInt16,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            body(pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
