import CPreviewSystem
import Glibc

/// Who and where this process is.
package enum Host {
    /// The name of this machine, as the kernel has it.
    package static var name: String {
        var text = [CChar](repeating: 0, count: 256)
        guard gethostname(&text, text.count - 1) == 0 else { return "localhost" }
        return string(text)
    }

    /// The kernel and its release, such as `Linux 6.1.0 x86_64` (uname(2)).
    package static var system: String {
        var names = utsname()
        guard uname(&names) == 0 else { return "unknown" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return [text(names.sysname), text(names.release), text(names.machine)]
            .joined(separator: " ")
    }

    /// The login name of the user this process acts for, or the numeric id where it has none.
    package static var userName: String {
        userRecord?.name ?? String(geteuid())
    }

    /// The home folder from the user database; `HOME` goes before it and is the caller's to read.
    package static var homeFolder: String? { userRecord?.home }

    /// The absolute path of the working directory, free of symbolic links.
    package static var workingDirectory: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    /// The absolute path of the running program's file.
    package static var executable: String? {
        resolved("/proc/self/exe")
    }

    /// An absolute path free of symbolic links; `nil` where nothing is there.
    package static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The environment of this process. Only the composition of the program may ask for it.
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = cps_environment()
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next?.successor()
        }
        return variables
    }

    /// The id of this process.
    package static var processID: Int32 { getpid() }

    /// Turns this process into another program, with the same environment, directory and open
    /// standard streams. Returns only where that failed, with the reason.
    ///
    /// `arguments`: all of them, the program's name as it is to see it first.
    package static func become(_ program: String, arguments: [String]) -> String {
        let list = CStringArray(arguments)
        execv(program, list.pointers)
        let error = errno
        withExtendedLifetime(list) {}
        return String(cString: strerror(error))
    }

    /// Ends the process at once, without cleaning up.
    package static func exit(_ code: Int32) -> Never { _exit(code) }

    /// Ends the process after a delay, whatever it is doing then, and returns at once.
    package static func exit(_ code: Int32, after delay: Duration) {
        BlockingThread.start {
            usleep(UInt32(delay.components.seconds) * 1_000_000)
            exit(code)
        }
    }

    /// Hours, minutes and seconds of a time in the local time zone, as `HH:MM:SS`.
    package static func localClockTime(unixSeconds: Int) -> String {
        var (time, parts) = (time_t(unixSeconds), tm())
        localtime_r(&time, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec]
            .map { $0 < 10 ? "0\($0)" : String($0) }.joined(separator: ":")
    }

    /// A reading of a clock that does not jump; only differences mean something.
    package static var uptime: Duration {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return .seconds(Int64(now.tv_sec)) + .nanoseconds(Int64(now.tv_nsec))
    }

    private static var userRecord: (name: String, home: String)? {
        var (record, result) = (passwd(), UnsafeMutablePointer<passwd>?.none)
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(geteuid(), &record, &buffer, buffer.count, &result) == 0, result != nil
        else { return nil }
        return (String(cString: record.pw_name), String(cString: record.pw_dir))
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
