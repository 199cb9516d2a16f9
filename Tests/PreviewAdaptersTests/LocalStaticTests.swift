import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Static file server")
struct LocalStaticTests {
    /// A site in a folder of its own, removed with the last reference.
    private final class Site {
        let name = "preview-static-tests-" + Digest.hexadecimal(Moment.randomBytes(6))
        let parent: Folder
        let root: Folder

        init() throws {
            parent = try Folder.open("/tmp", ownedBy: .any)
            let place = try parent.makeFolder(name)
            root = try place.makeFolder("site")
            try place.write("outside.txt", Array("secret".utf8))
            try root.write("index.html", Array("<h1>home</h1>".utf8))
            try root.write("data.bin", Array(0..<100))
            try root.write("a b.txt", Array("space".utf8))
            try root.write("about.html", Array("about".utf8))
            try root.write(".env", Array("KEY=1".utf8))
            let docs = try root.makeFolder("docs")
            try docs.write("index.html", Array("docs".utf8))
            try root.makeFolder("empty")
                .write("x.css", Array("body{}".utf8))
            try root.makeFolder(".git").write("config", Array("x".utf8))
            try root.makeFolder(".well-known").write("security.txt", Array("ok".utf8))
            symlink("../outside.txt", root.path + "/escape.txt")
            symlink("docs", root.path + "/latest")
            mkfifo(root.path + "/pipe", 0o600)
        }

        deinit {
            // What a test leaves behind in /tmp harms no other test.
            try? parent.removeTree(name)
        }
    }

    private struct Answer: Sendable {
        var status = 0
        var head = ""
        var body: [UInt8] = []
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Sends raw text on one connection and returns everything up to its end.
    private func exchange(_ text: String, root: String) throws -> String {
        let loop = EventLoop()
        let server = try StaticServer(root: root, at: .loopback(port: 0), on: loop)
        let stream = try ByteStream.connecting(to: .loopback(port: server.port), on: loop)
        var received: [UInt8] = []
        var isOver = false
        stream.start(receiving: { received += $0 }, ending: { _ in isOver = true })
        stream.send(Array(text.utf8))
        #expect(loop.wait(until: .now + .seconds(10)) { isOver })
        stream.close()
        return String(decoding: received, as: UTF8.self)
    }

    private func get(
        _ target: String,
        method: String = "GET",
        fields: [String] = [],
        root: String
    ) throws -> Answer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: x", "Connection: close"] + fields
        let text = try exchange(lines.joined(separator: "\r\n") + "\r\n\r\n", root: root)
        let parts = text.split(
            separator: "\r\n\r\n",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let head = String(parts[0])
        return Answer(
            status: Int(head.split(separator: " ")[1]) ?? 0,
            head: head + "\r\n",
            body: parts.count > 1 ? Array(parts[1].utf8) : []
        )
    }

    @Test(
        "paths",
        arguments: [
            ("/", 200, "<h1>home</h1>"), ("/index.html", 200, "<h1>home</h1>"),
            ("/?q=1", 200, "<h1>home</h1>"), ("http://x/", 200, "<h1>home</h1>"),
            ("/a%20b.txt", 200, "space"), ("/about", 200, "about"), ("/about/", 404, nil),
            ("/docs/", 200, "docs"), ("/docs", 301, nil), ("//docs", 301, nil),
            ("/latest/", 200, "docs"), ("/empty/", 404, nil), ("/none", 404, nil),
            ("/.well-known/security.txt", 200, "ok"), ("/index.html/", 404, nil),
            ("/.env", 404, nil), ("/.git/config", 404, nil), ("/%2egit/config", 404, nil),
            ("/../outside.txt", 404, nil), ("/%2e%2e/outside.txt", 404, nil),
            ("/..%2foutside.txt", 404, nil), ("/docs/../../outside.txt", 404, nil),
            ("/escape.txt", 404, nil), ("/pipe", 404, nil), ("/a%00b", 404, nil),
            ("/%zz", 404, nil), ("/%", 404, nil), ("*", 404, nil),
        ] as [(String, Int, String?)]
    )
    func paths(_ target: String, _ status: Int, _ body: String?) throws {
        let site = try Site()
        let answer = try get(target, root: site.root.path)
        #expect(answer.status == status)
        if let body { #expect(answer.text == body) }
        #expect(!answer.text.contains("secret"))
    }

    @Test("a folder is redirected to its slash, on this host whatever is asked for")
    func redirect() throws {
        let site = try Site()
        #expect(try get("/docs", root: site.root.path).head.contains("\r\nLocation: /docs/\r\n"))
        #expect(try get("//docs", root: site.root.path).head.contains("\r\nLocation: /docs/\r\n"))
    }

    @Test("content types, length, and no body for HEAD")
    func head() throws {
        let site = try Site()
        let css = try get("/empty/x.css", root: site.root.path)
        #expect(css.head.contains("\r\nContent-Type: text/css; charset=utf-8\r\n"))
        #expect(css.head.contains("\r\nContent-Length: 6\r\n"))
        let head = try get("/empty/x.css", method: "HEAD", root: site.root.path)
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head.head.contains("\r\nContent-Length: 6\r\n"))
        #expect(head.head.contains("\r\nDate: "))
    }

    @Test(
        "ranges",
        arguments: [
            ("bytes=0-9", 206, Array(0..<10)), ("bytes=90-", 206, Array(90..<100)),
            ("bytes=-5", 206, Array(95..<100)), ("bytes=-500", 206, Array(0..<100)),
            ("bytes=95-500", 206, Array(95..<100)), ("bytes=100-", 416, nil),
            ("bytes=99999999999999999999-", 416, nil), ("bytes=-0", 416, nil),
            ("bytes=5-2", 200, Array(0..<100)), ("bytes=0-1,3-4", 200, Array(0..<100)),
            ("items=0-1", 200, Array(0..<100)), ("bytes=a-b", 200, Array(0..<100)),
            ("bytes=-", 200, Array(0..<100)),
        ] as [(String, Int, [UInt8]?)]
    )
    func ranges(_ field: String, _ status: Int, _ body: [UInt8]?) throws {
        let site = try Site()
        let answer = try get("/data.bin", fields: ["Range: \(field)"], root: site.root.path)
        #expect(answer.status == status)
        if let body { #expect(answer.body == body) }
        if status == 416 { #expect(answer.head.contains("\r\nContent-Range: bytes */100\r\n")) }
    }

    @Test("validators")
    func validators() throws {
        let site = try Site()
        let root = site.root.path
        let first = try get("/about.html", root: root)
        func value(_ name: String) throws -> String {
            let line = try #require(
                first.head.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }
            )
            return String(line.dropFirst(name.count + 2))
        }
        let (tag, date) = (try value("ETag"), try value("Last-Modified"))
        func status(_ fields: String...) throws -> Int {
            try get("/about.html", fields: fields, root: root).status
        }
        #expect(try status("If-None-Match: \(tag)") == 304)
        #expect(try status("If-None-Match: \"x\", W/\(tag)") == 304)
        #expect(try status("If-None-Match: *") == 304)
        #expect(try status("If-None-Match: \"x\"", "If-Modified-Since: \(date)") == 200)
        #expect(try status("If-Modified-Since: \(date)") == 304)
        #expect(try status("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == 200)
        #expect(try status("Range: bytes=0-1", "If-Range: \(tag)") == 206)
        #expect(try status("Range: bytes=0-1", "If-Range: \"x\"") == 200)
        let unchanged = try get("/about.html", fields: ["If-None-Match: \(tag)"], root: root)
        #expect(unchanged.body.isEmpty)
    }

    @Test("404.html is shown, with its status")
    func notFoundPage() throws {
        let site = try Site()
        try site.root.write("404.html", Array("lost".utf8))
        let answer = try get("/none", root: site.root.path)
        #expect(answer.status == 404 && answer.text == "lost")
    }

    @Test(
        "what is no request of ours",
        arguments: [
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405"),
            ("OPTIONS / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
            ("GET /\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"), ("\u{16}\u{3}\u{1}\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 20_000))", "431"),
            ("GET / HTTP/1.0\r\n\r\n", "200"),
        ]
    )
    func requests(_ text: String, _ status: String) throws {
        let site = try Site()
        let answer = try exchange(text, root: site.root.path)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
    }

    @Test("a connection is kept for further requests, also sent ahead")
    func keepAlive() throws {
        let site = try Site()
        let one = "GET /about HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /about HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try exchange(one + one + one + last, root: site.root.path)
        #expect(answer.split(separator: "HTTP/1.1 200 OK").count == 4)
        #expect(answer.split(separator: "about").count == 4)
    }

    @Test("a large file comes whole, to many at once")
    func largeFile() throws {
        let site = try Site()
        var content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        while content.count < 3_000_000 { content += content }
        try site.root.write("large", content)
        let loop = EventLoop()
        let server = try StaticServer(root: site.root.path, at: .loopback(port: 0), on: loop)
        var received = [[UInt8]](repeating: [], count: 20)
        var ended = 0
        var streams: [ByteStream] = []
        for index in received.indices {
            let stream = try ByteStream.connecting(to: .loopback(port: server.port), on: loop)
            stream.start(receiving: { received[index] += $0 }, ending: { _ in ended += 1 })
            stream.send(Array("GET /large HTTP/1.0\r\n\r\n".utf8))
            streams.append(stream)
        }
        #expect(loop.wait(until: .now + .seconds(30)) { ended == received.count })
        streams.forEach { $0.close() }
        let bodies = received.map { Digest.hex($0.suffix(content.count)) }
        #expect(Set(bodies) == [Digest.hex(content)])
        #expect(Set(received.map(\.count)).count == 1)
    }
}
