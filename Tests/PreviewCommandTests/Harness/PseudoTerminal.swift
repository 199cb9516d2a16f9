import Glibc
import PreviewSystem

/// A terminal with the test at the keyboard.
final class PseudoTerminal: Sendable {
    private struct Screen: Sendable {
        var bytes: [UInt8] = []
        /// How much of it earlier waits have gone past.
        var seen = 0
        var isClosing = false
        var isClosed = false
    }

    /// The child's end.
    let path: String
    private let keyboard: Int32
    private let screen = Locked(Screen())

    init() throws {
        // ioctl_tty(2): the number of the other end, which has to be unlocked first.
        let (unlock, getNumber) = (UInt(0x4004_5431), UInt(0x8004_5430))
        var (locked, number) = (Int32(0), Int32(-1))
        keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard keyboard >= 0, ioctl(keyboard, unlock, &locked) == 0,
            ioctl(keyboard, getNumber, &number) == 0
        else { throw Child.StartFailure(program: "a terminal", error: errno) }
        path = "/dev/pts/\(number)"
        BlockingThread.start { [keyboard, screen] in
            Self.read(from: keyboard, onto: screen)
        }
    }

    deinit { screen.withLock { $0.isClosing = true } }

    /// Reads until the other end is gone or the terminal is to be closed, and closes it: a close
    /// under a blocked read would not hang up.
    private static func read(from keyboard: Int32, onto screen: Locked<Screen>) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !screen.withLock({ $0.isClosing }) {
            var request = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, 5) > 0 else { continue }
            let count = Glibc.read(keyboard, &buffer, buffer.count)
            if count > 0 {
                screen.withLock { $0.bytes += buffer.prefix(count) }
            } else {
                // Nobody has the other end open: before the child has opened it, or after its end.
                usleep(2000)
            }
        }
        close(keyboard)
        screen.withLock { $0.isClosed = true }
    }

    /// Everything shown so far, with plain line ends.
    var text: String {
        String(decoding: screen.withLock { $0.bytes }.filter { $0 != 0x0D }, as: UTF8.self)
    }

    /// Waits until a text is shown that no earlier wait has gone past; false if it never is.
    func shows(_ wanted: String, within patience: Duration = .seconds(60)) async throws -> Bool {
        try await eventually(within: patience) { [screen] in
            screen.withLock { screen in
                let plain = screen.bytes.filter { $0 != 0x0D }
                let needle = Array(wanted.utf8)
                guard let end = plain.end(of: needle, from: screen.seen) else { return false }
                screen.seen = end
                return true
            }
        }
    }

    /// Types a text, without a line end of its own.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(keyboard, bytes, bytes.count)
    }

    /// Hangs up.
    func hangUp() async throws {
        screen.withLock { $0.isClosing = true }
        _ = try await eventually { [screen] in screen.withLock { $0.isClosed } }
    }
}

extension [UInt8] {
    /// Where the first occurrence of `needle` at or after `start` ends.
    func end(of needle: [UInt8], from start: Int = 0) -> Int? {
        guard !needle.isEmpty, count >= needle.count + start else { return nil }
        return withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var place = start
            while place + needle.count <= count,
                let found = memchr(base + place, Int32(needle[0]), count - needle.count - place + 1)
            {
                place = base.distance(to: UnsafeRawPointer(found))
                if memcmp(base + place, needle, needle.count) == 0 { return place + needle.count }
                place += 1
            }
            return nil
        }
    }
}

/// Waits until `condition` holds; false if it never did.
func eventually(
    within patience: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws -> Bool {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}

/// The shortest duration of a few tries that `body` measures, ending with the first below `limit`:
/// how fast something is, on a machine that is busy with other tests.
func fastest(
    below limit: Duration, tries: Int = 5, _ body: () async throws -> Duration
) async throws -> Duration {
    var best = try await body()
    for _ in 1..<tries where best >= limit { best = min(best, try await body()) }
    return best
}
