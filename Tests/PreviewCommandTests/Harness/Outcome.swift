import PreviewCore

/// What came of one run of the program.
struct Outcome: CustomStringConvertible, Sendable {
    var words: [String]
    var ending: Child.Ending
    /// Standard output.
    var output: String
    /// Standard error.
    var errors: String

    /// The exit code; `nil` for a run that a signal ended or that never ended.
    var code: Int32? {
        if case .exited(let code) = ending { code } else { nil }
    }

    /// The lines of standard output.
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The first error's code on standard error, such as `PV0504`.
    var errorCode: String? {
        guard let start = errors.firstRange(of: "error[")?.upperBound else { return nil }
        return String(errors[start...].prefix { $0 != "]" })
    }

    /// The document on standard output.
    func json() throws -> JSONValue { try JSONReader.read(output) }

    /// The events on standard output, one a line.
    func events() throws -> [JSONValue] {
        try lines.map { try JSONReader.read($0) }
    }

    /// The log lines on standard error, without the time before them.
    var logLines: [String] {
        errors.split(separator: "\n").compactMap { line in
            guard let match = try? /^\[[0-9]{2}:[0-9]{2}:[0-9]{2}\] (.*)$/.wholeMatch(in: line)
            else {
                return nil
            }
            return String(match.1)
        }
    }

    var description: String {
        """
        preview \(words.joined(separator: " ")): \(ending)
        --- standard output
        \(output)--- standard error
        \(errors)---
        """
    }
}

extension JSONValue {
    /// The member at a path of names and numbers, such as `steps.0.action`.
    func at(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(Optional(self)) { value, name in
            guard let index = Int(name) else { return value?[String(name)] }
            guard let array = value?.array, array.indices.contains(index) else { return nil }
            return array[index]
        }
    }
}
