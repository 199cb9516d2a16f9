import Glibc
import PreviewSystem
import Testing

@Suite struct TerminalTests {
    @Test(
        "control sequences are taken out, text stays",
        arguments: [
            ("plain\ttext\n", "plain\ttext\n"),
            ("\u{1B}[1;31mred\u{1B}[0m", "red"),
            ("\u{1B}]0;title\u{07}after", "after"),
            ("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"),
            ("\u{1B}P1$r0m\u{1B}\\dcs", "dcs"),
            ("\u{1B}_apc\u{1B}\\\u{1B}^pm\u{1B}\\\u{1B}Xsos\u{1B}\\rest", "rest"),
            ("\u{1B}(Bset\u{1B}#8\u{1B}Mup\u{1B}c", "setup"),
            ("\u{9B}31mc1\u{9D}0;t\u{9C}\u{90}x\u{9C}end", "c1end"),
            ("a\u{08}b\u{07}c\rd\u{00}\u{7F}e\u{85}f", "abcdef"),
            ("\u{1B}]never ends\nnext line", "\nnext line"),
            ("\u{1B}[12\nx", "\nx"),
            ("\u{1B}[3\u{18}x\u{1B}]t\u{1A}y", "xy"),
            ("\u{1B}]0;a\u{1B}[31mb", "b"),
            ("safe\u{202E}txt.exe", "safetxt.exe"),
            ("größe 漢字 🚀", "größe 漢字 🚀"),
            ("\u{1B}", ""),
        ]
    )
    func sanitized(text: String, expected: String) {
        #expect(TerminalText.sanitized(text) == expected)
        // The same when it arrives byte by byte, as it may from a pipe.
        var filter = TerminalFilter()
        let pieces = text.utf8.map { filter.feed([$0]) }.joined() + filter.finish()
        #expect(pieces == expected)
    }

    @Test("what is no UTF-8 is replaced, as the standard library does it, across chunks")
    func replaced() {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [
            0x41, 0x80, 0xA0, 0xBF, 0xC1, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<2000 {
            let bytes = (0..<12).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            var filter = TerminalFilter()
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            let text =
                filter.feed(Array(bytes[..<cut])) + filter.feed(Array(bytes[cut...]))
                + filter.finish()
            let expected = String(decoding: bytes, as: UTF8.self)
            #expect(text == expected, "\(bytes) cut at \(cut)")
        }
    }

    @Test("width counts columns, padding fills them")
    func width() {
        #expect(TerminalText.width(of: "plain") == 5)
        #expect(TerminalText.width(of: "größe") == 5)
        #expect(TerminalText.width(of: "e\u{301}") == 1)
        #expect(TerminalText.width(of: "漢字") == 4)
        #expect(TerminalText.width(of: "🚀✔️") == 4)
        #expect(TerminalText.width(of: "✔") == 1)
        #expect(TerminalText.padded("漢", to: 4) == "漢  ")
        #expect(TerminalText.padded("longer", to: 4) == "longer")
    }

    @Test("lines are split wherever the chunks end")
    func lines() {
        for size in 1...7 {
            var splitter = LineSplitter()
            var lines: [String] = []
            let bytes = Array("one\r\ntwo\n\nlast".utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                lines += splitter.feed(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(lines == ["one", "two", ""])
            #expect(splitter.finish() == "last")
            #expect(splitter.finish() == nil)
        }
    }

    @Test("a long line is cut between characters")
    func longLine() {
        var splitter = LineSplitter()
        let text = String(repeating: "€", count: LineSplitter.limit)
        let pieces = splitter.feed(Array(text.utf8))
        #expect((pieces.joined() + (splitter.finish() ?? "")) == text)
    }

    @Test("a line is read without what follows it, then the end is seen")
    func readLine() async throws {
        let pipe = try Descriptor.makePipe()
        OutputChannel(pipe.writer.number).write("yes\r\nno\nrest")
        #expect(await Terminal.readLine(from: pipe.reader.number) == .text("yes"))
        var next: UInt8 = 0
        #expect(read(pipe.reader.number, &next, 1) == 1)
        #expect(next == UInt8(ascii: "n"))
        #expect(await Terminal.readLine(from: pipe.reader.number) == .text("o"))
    }

    @Test("R-19: an input at its end, closed or empty is no answer")
    func end() async throws {
        let null = Descriptor(owning: open("/dev/null", O_RDONLY | O_CLOEXEC))
        #expect(await Terminal.readLine(from: null.number) == .end)
        #expect(await Terminal.readLine(from: 9999) == .end)
    }

    @Test("a prompt that waits ends when it is cancelled")
    func cancelled() async throws {
        let pipe = try Descriptor.makePipe()
        let line = Task { await Terminal.readLine(from: pipe.reader.number) }
        await Task.yield()
        line.cancel()
        #expect(await line.value == .cancelled)
        withExtendedLifetime(pipe) {}
    }

    @Test("R-18: output whose reader has gone is dropped, and said to be")
    func closedReader() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let channel = OutputChannel(ends[0])
        channel.write("heard")
        #expect(channel.isOpen)
        // A socket refuses at once when its own side is shut, whoever has a copy of the other.
        shutdown(ends[0], Int32(SHUT_WR))
        channel.write("unheard")
        #expect(!channel.isOpen)
        channel.write("dropped")
        close(ends[0])
        close(ends[1])
    }

    @Test("a terminal is told from a file, with its columns")
    func isTerminal() async throws {
        var ends: [Int32] = [-1, -1]
        let opened = ends.withUnsafeMutableBufferPointer { ends in
            ends.baseAddress.map { openpty($0, $0 + 1, nil, nil, nil) }
        }
        try #require(opened == 0)
        let control = Descriptor(owning: ends[0])
        let terminal = Descriptor(owning: ends[1])
        var name = [CChar](repeating: 0, count: 100)
        try #require(ttyname_r(terminal.number, &name, name.count) == 0)
        let path = String(
            decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let null = Descriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC))
        let result = try await Command(
            "/bin/stty",
            ["-F", path, "cols", "77"],
            environment: [:]
        ).run()
        #expect(result.ending == .exited(0))
        #expect(Terminal.isTerminal(terminal.number))
        #expect(Terminal.columns(of: terminal.number) == 77)
        #expect(!Terminal.isTerminal(null.number))
        #expect(Terminal.columns(of: null.number) == nil)
        #expect(Terminal.usesColour(terminal.number, noColor: "", term: "xterm"))
        #expect(!Terminal.usesColour(terminal.number, noColor: "1", term: "xterm"))
        #expect(!Terminal.usesColour(terminal.number, noColor: nil, term: "dumb"))
        #expect(!Terminal.usesColour(null.number, noColor: nil, term: "xterm"))
        withExtendedLifetime(control) {}
    }
}
