import PreviewCore

/// The signals the API knows (reference, section 4.6), by the numbers of Linux (signal(7)).
enum Signal {
    /// Those a machine can be stopped with.
    static let stopping: [String: Int] = [
        "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12,
        "SIGTERM": 15,
    ]
    /// Those that can be sent.
    static let sending = stopping.merging(
        [
            "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGFPE": 8, "SIGSEGV": 11, "SIGPIPE": 13,
            "SIGALRM": 14,
        ]
    ) { $1 }

    static let kill = 9

    /// A signal to stop with, by name.
    static func stopping(_ value: JSONValue) throws(APIError) -> Int {
        guard let number = stopping[value.string ?? ""] else {
            throw .invalid("invalid signal: \(value.string ?? "must be a name")")
        }
        return number
    }

    /// A signal to send, by name or, as the official client does for KILL, by number.
    static func sending(_ value: JSONValue) throws(APIError) -> Int {
        if let number = value.int, sending.values.contains(number) { return number }
        guard let number = sending[value.string ?? ""] else {
            throw .invalid("invalid signal: \(value.string ?? "must be a name")")
        }
        return number
    }
}
