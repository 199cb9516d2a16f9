import PreviewCore

/// A request that was routed and let in.
struct Call: Sendable {
    let request: APIRequest
    /// What stands for the placeholders of the route.
    let parameters: [String: String]
    /// Who asks; nil where nobody needs to say.
    let credential: Credential?
    /// The body; an empty object for none.
    let body: JSONValue

    var app: String { parameters["app"] ?? "" }
    var machine: String { parameters["machine"] ?? "" }
    /// The nonce that comes with changes of leased machines.
    var nonce: String? {
        request.headers["fly-machine-lease-nonce"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// What comes of a call.
enum Reply: Sendable {
    case now(APIAnswer)
    /// The caller waits for a state.
    case wait(Wait)
    /// A command is run in a machine.
    case exec(Exec)
    /// What runs in a machine is looked up.
    case processes(machine: String, sortedBy: String, descending: Bool)
}

/// What somebody waits for (reference, section 4.8).
struct Wait: Sendable {
    var machine: String
    var states: [String]
    var version: String?
    var afterEvent: String?
    var deadline: Instant
}

/// A command to be run in a machine (reference, section 4.12).
struct Exec: Sendable {
    var machine: String
    var command: [String]
    var input: [UInt8]?
    var timeout: Duration
}

/// What a command in a machine came to.
package struct ExecResult: Hashable, Sendable {
    /// The exit code, also when a signal ended it (128 plus its number).
    package var code: Int
    /// The signal that ended it, or 0.
    package var signal: Int
    /// The standard output.
    package var output: String
    /// The standard error.
    package var errorOutput: String

    /// A result; see the properties.
    package init(code: Int = 0, signal: Int = 0, output: String = "", errorOutput: String = "") {
        self.code = code
        self.signal = signal
        self.output = output
        self.errorOutput = errorOutput
    }

    var json: JSONValue {
        [
            "exit_code": .int(code), "exit_signal": .int(signal), "stdout": .string(output),
            "stderr": .string(errorOutput),
        ]
    }
}
