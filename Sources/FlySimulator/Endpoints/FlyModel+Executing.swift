import PreviewCore

extension FlyModel {
    /// The longest command that is run; the limit is only known to be between 15.8 and 23.7 KB.
    private static let commandLimit = 16_000
    private static let longestExec = 60

    /// `POST .../exec` (reference, section 4.12).
    mutating func execute(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        let command: [String]
        if let list = call.body.given("command")?.stringArray {
            command = list
        } else if let line = call.body.given("cmd")?.string {
            command = Self.words(of: line)
        } else {
            throw .invalid("command is required")
        }
        guard !command.isEmpty else { throw .invalid("command is required") }
        if call.body.given("machine")?.bool == true, call.body.given("container") != nil {
            throw .invalid("machine and container exclude each other")
        }
        let timeout = call.body.given("timeout")?.int ?? Self.longestExec
        guard timeout <= Self.longestExec else {
            throw .invalid("timeout must not exceed \(Self.longestExec) seconds")
        }
        guard machine.state == .started else {
            throw .precondition(
                "unable to exec in machine in current state: '\(machine.state.rawValue)'")
        }
        if command.reduce(0, { $0 + $1.utf8.count + 1 }) > Self.commandLimit {
            // Not run, and yet a success: the reference warns of it.
            let rejection = ExecResult(errorOutput: "Rejection([PayloadTooLarge])")
            return .now(.json(200, rejection.json))
        }
        return .exec(
            Exec(
                machine: machine.id, command: command,
                input: call.body.given("stdin")?.string.map { Array($0.utf8) },
                timeout: .seconds(timeout <= 0 ? Self.longestExec : timeout)))
    }

    /// What a command in a scripted guest comes to.
    func scriptedResult(_ exec: Exec) -> ExecResult {
        execResults[exec.machine] ?? ExecResult()
    }

    /// `GET .../ps` (reference, section 4.11).
    func listProcesses(_ call: Call) throws(APIError) -> Reply {
        let machine = try machine(of: call)
        guard machine.state == .started else {
            throw .precondition(
                "unable to list processes in current state: '\(machine.state.rawValue)'")
        }
        let order = call.request.queryValue("order") ?? "asc"
        let key = call.request.queryValue("sort_by") ?? "pid"
        guard ["asc", "desc"].contains(order), ["pid", "cpu", "rss", "command"].contains(key) else {
            throw .invalid("invalid sort_by or order")
        }
        return .processes(machine: machine.id, sortedBy: key, descending: order == "desc")
    }

    /// The one process of a scripted guest.
    func scriptedProcesses(ofMachine id: String) -> [GuestProcess] {
        guard let machine = machines[id], let guest = machine.guest else { return [] }
        let ports = guest.isListening ? machine.config.services.map(\.internalPort) : []
        return [
            GuestProcess(
                pid: 2, command: machine.config.command.joined(separator: " "), directory: "/",
                rss: 20 << 20,
                sockets: ports.map { GuestProcess.Socket(address: "0.0.0.0", port: $0) })
        ]
    }

    /// The words of a line, with single and double quotes and backslashes as a shell reads them;
    /// nothing else has a meaning.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for letter in line {
            if isEscaped {
                word = (word ?? "") + String(letter)
                isEscaped = false
            } else if letter == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if letter == open { quote = nil } else { word = (word ?? "") + String(letter) }
            } else if letter == "'" || letter == "\"" {
                quote = letter
                word = word ?? ""
            } else if letter == " " || letter == "\t" || letter == "\n" {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(letter)
            }
        }
        if let last = word { words.append(last) }
        return words
    }
}

/// A process in a machine, as `ps` lists it.
struct GuestProcess: Sendable {
    struct Socket: Hashable, Sendable {
        var address: String
        var port: Int
    }

    var pid: Int
    var command: String
    var directory: String
    /// Resident memory in bytes.
    var rss: Int
    /// Time on a CPU in milliseconds.
    var cpu = 0
    var sockets: [Socket]

    var json: JSONValue {
        [
            "pid": .int(pid), "command": .string(command), "directory": .string(directory),
            "cpu": .int(cpu), "rss": .int(rss), "rtime": 0, "stime": 0,
            "listen_sockets": .array(
                sockets.map { socket in
                    let host = socket.address.contains(":") ? "[\(socket.address)]" : socket.address
                    return ["proto": "tcp", "address": .string("\(host):\(socket.port)")]
                }),
        ]
    }

    /// Orders processes as the query of `ps` asks.
    static func sort(_ processes: [GuestProcess], by key: String, descending: Bool) -> JSONValue {
        let sorted = processes.sorted { left, right in
            switch key {
            case "cpu": left.cpu < right.cpu
            case "rss": left.rss < right.rss
            case "command": left.command < right.command
            default: left.pid < right.pid
            }
        }
        return .array((descending ? sorted.reversed() : sorted).map(\.json))
    }
}
