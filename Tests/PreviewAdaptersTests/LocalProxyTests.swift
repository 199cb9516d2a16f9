import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: the proxy", .serialized)
struct LocalProxyTests {
    /// An app on bare sockets. It answers a request by its path: an upgrade that echoes, a long
    /// download, a digest of what is uploaded up to the end, a flood.
    private static let app = """
        import hashlib, os, socket, threading
        def serve(c):
            head = b''
            while b'\\r\\n\\r\\n' not in head:
                part = c.recv(65536)
                if not part: return c.close()
                head += part
            head, rest = head.split(b'\\r\\n\\r\\n', 1)
            path = head.split(b' ')[1]
            if path == b'/echo':
                c.sendall(b'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: raw\\r\\n\\r\\n' + rest)
                while True:
                    part = c.recv(65536)
                    if not part: break
                    c.sendall(part)
                c.sendall(b'bye')
            elif path == b'/digest':
                h = hashlib.sha256(rest)
                while True:
                    part = c.recv(65536)
                    if not part: break
                    h.update(part)
                c.sendall(h.hexdigest().encode())
            elif path == b'/download':
                block = bytes(range(256)) * 4096
                for i in range(50): c.sendall(block)
            elif path == b'/break':
                c.sendall(b'part')
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\\1\\0\\0\\0\\0\\0\\0\\0')
            else:
                c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok')
            c.close()
        s = socket.create_server(('127.0.0.1', int(os.environ['PORT'])), backlog=512)
        while True:
            c, _ = s.accept()
            threading.Thread(target=serve, args=(c,), daemon=True).start()
        """

    private func up() async throws -> (fixture: LocalFixture, port: Int) {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": Self.app],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release)
        return (fixture, try #require(machine.port))
    }

    /// What came of one conversation.
    private struct Conversation: Sendable {
        var received: [UInt8] = []
        var ending: ByteStream.Ending?
    }

    /// Runs a conversation on a loop of its own: connects, sends, and goes on until `isDone`.
    private func converse(
        _ port: Int,
        sending bytes: [UInt8],
        finishing: Bool = false,
        _ then: @escaping @Sendable (ByteStream, EventLoop, () -> Conversation) -> Void = {
            _,
            _,
            _ in
        }
    ) async -> Conversation {
        await BlockingThread.run {
            let loop = EventLoop()
            var conversation = Conversation()
            guard let stream = try? ByteStream.connecting(to: .loopback(port: port), on: loop)
            else { return conversation }
            stream.start(
                receiving: { conversation.received += $0 },
                ending: { conversation.ending = $0 }
            )
            stream.send(bytes)
            if finishing { stream.finish() }
            then(stream, loop) { conversation }
            loop.wait(until: .now + .seconds(30)) { conversation.ending != nil }
            stream.close()
            return conversation
        }
    }

    @Test("an upgraded connection carries raw bytes both ways, and an end in one direction only")
    func upgrade() async throws {
        let (fixture, port) = try await up()
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\n\r\n"
        let conversation = await converse(
            port,
            sending: Array("GET /echo HTTP/1.1\r\nUpgrade: raw\r\n\r\n".utf8)
        ) { stream, loop, now in
            loop.wait(until: .now + .seconds(10)) { now().received.count == head.utf8.count }
            for chunk: [UInt8] in [[0, 255, 13, 10], Array(0...255), [1]] {
                let before = now().received.count
                stream.send(chunk)
                loop.wait(until: .now + .seconds(10)) {
                    now().received.count == before + chunk.count
                }
            }
            stream.finish()
        }
        let expected = Array(head.utf8) + [0, 255, 13, 10] + Array(0...255) + [1] + "bye".utf8
        #expect(conversation.received == expected)
        #expect(conversation.ending == .finished)
        withExtendedLifetime(fixture) {}
    }

    @Test("50 MB arrive as they were sent, up and down")
    func transfers() async throws {
        let (fixture, port) = try await up()
        var content = Array(UInt8.min...UInt8.max)
        while content.count < 1 << 20 { content += content }
        let block = content
        for _ in 1..<50 { content += block }
        let down = await converse(
            port,
            sending: Array("GET /download HTTP/1.1\r\n\r\n".utf8)
        )
        #expect(down.received.count == content.count)
        #expect(Digest.hex(down.received) == Digest.hex(content))
        let up = await converse(
            port,
            sending: Array("PUT /digest HTTP/1.1\r\n\r\n".utf8) + content,
            finishing: true
        )
        #expect(String(decoding: up.received, as: UTF8.self) == Digest.hex(content))
        withExtendedLifetime(fixture) {}
    }

    @Test("a connection that the app breaks off is broken off, after what was sent before")
    func broken() async throws {
        let (fixture, port) = try await up()
        let conversation = await converse(port, sending: Array("GET /break HTTP/1.1\r\n\r\n".utf8))
        #expect(String(decoding: conversation.received, as: UTF8.self) == "part")
        #expect(conversation.ending != .finished)
        withExtendedLifetime(fixture) {}
    }

    @Test("200 connections at once")
    func manyConnections() async throws {
        let (fixture, port) = try await up()
        let answers = await BlockingThread.run { () -> Int in
            let loop = EventLoop()
            var received = [Int](repeating: 0, count: 200)
            var streams: [ByteStream] = []
            for index in 0..<200 {
                guard let stream = try? ByteStream.connecting(to: .loopback(port: port), on: loop)
                else { return 0 }
                stream.start(receiving: { received[index] += $0.count }, ending: { _ in })
                stream.send(Array("GET /echo HTTP/1.1\r\n\r\n".utf8))
                streams.append(stream)
            }
            let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\n\r\n".utf8.count
            loop.wait(until: .now + .seconds(20)) { received.allSatisfy { $0 == head } }
            for stream in streams { stream.send([1, 2, 3]) }
            loop.wait(until: .now + .seconds(20)) { received.allSatisfy { $0 == head + 3 } }
            for stream in streams { stream.close() }
            return received.count { $0 == head + 3 }
        }
        #expect(answers == 200)
        withExtendedLifetime(fixture) {}
    }

    @Test("a client that does not read makes the app wait, not the supervisor grow")
    func backPressure() async throws {
        let (fixture, port) = try await up()
        let supervisor = try #require(fixture.processes.min { $0.pid < $1.pid })
        let stalled = await BlockingThread.run { () -> Int in
            let loop = EventLoop()
            var streams: [ByteStream] = []
            for _ in 0..<20 {
                guard let stream = try? ByteStream.connecting(to: .loopback(port: port), on: loop)
                else { return 0 }
                stream.isReading = false
                stream.start(receiving: { _ in }, ending: { _ in })
                stream.send(Array("GET /download HTTP/1.1\r\n\r\n".utf8))
                streams.append(stream)
            }
            loop.wait(until: .now + .milliseconds(500)) { false }
            defer { streams.forEach { $0.close() } }
            let status = KernelFile.text("/proc/\(supervisor.pid)/status") ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }
            return line.flatMap { Int($0.split(whereSeparator: { !$0.isNumber }).last ?? "") } ?? 0
        }
        #expect(stalled > 0 && stalled < 100 << 10, "in KB, where 1,000 MB were on offer")
        #expect(try await fixture.provider.inspect(try await fixture.allocate())?.state == .running)
    }

    @Test("R-24: the control socket and every file are for this user alone")
    func modes() async throws {
        let (fixture, _) = try await up()
        let folder = try Folder.open(fixture.path + "/.preview/" + fixture.app)
        let supervisor = try folder.folder("supervisor")
        #expect(try supervisor.entryNames().contains("control"))
        let result = try await Command(
            "/usr/bin/find",
            [
                folder.path + "/supervisor", folder.path + "/logs", "-perm", "/077", "-not",
                "-type", "s",
            ],
            environment: LocalFixture.environment
        ).run()
        #expect(result.outputText.isEmpty)
    }
}
