import Glibc

/// A program with its arguments, ready to be run: always a list, never a line for a shell.
package struct Command: Hashable, Sendable {
    /// Absolute path of the program.
    package var program: String
    /// The arguments after the program's own name.
    package var arguments: [String]
    /// The whole environment of the child; nothing else is inherited.
    package var environment: [String: String]
    /// The child's working directory, or nil for this process's.
    package var directory: String?

    /// A command; see the properties.
    package init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String],
        directory: String? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
    }

    /// The path of the program `name` as a shell would find it in `searchPath` (folders joined by
    /// colons); a name with a slash is taken as it is. Nil if there is none that can be executed.
    package static func locate(_ name: String, in searchPath: String) -> String? {
        let candidates =
            name.contains("/")
            ? [name]
            : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first(where: isExecutableFile)
    }

    private static func isExecutableFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }
}

/// How a process ended.
package enum ProcessEnding: Hashable, Sendable {
    /// It exited with this code.
    case exited(Int32)
    /// A signal of this number ended it.
    case signalled(Int32)

    /// Whether it exited with code 0.
    package var isSuccess: Bool { self == .exited(0) }
}

/// What a command that was waited for left behind.
package struct CommandResult: Hashable, Sendable {
    /// How it ended.
    package var ending: ProcessEnding
    /// Its standard output.
    package var output: [UInt8]
    /// The last part of its standard error, at most `Command.errorOutputLimit` bytes.
    package var errorOutput: [UInt8]

    /// Its standard output as text, with what is no UTF-8 replaced.
    package var outputText: String { String(decoding: output, as: UTF8.self) }
    /// Its standard error as text, with what is no UTF-8 replaced.
    package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
}

/// Why a command has no result. An exit code other than 0 is a result, not a failure.
package enum ProcessFailure: Error, Hashable, Sendable {
    /// There is no such program, or it may not be executed.
    case programNotFound(String)
    /// The working directory is not there or may not be entered.
    case directoryUnusable(String)
    /// The system could not start it: no memory, too many processes; with the error number.
    case notStarted(program: String, error: Int32)
    /// It did not end in time and was ended; with the last part of its standard error.
    case timedOut(after: Duration, errorOutput: [UInt8])
    /// It wrote more than the caller takes and was ended.
    case outputTooLarge(limit: Int)
    /// The waiting task was cancelled and the command ended.
    case cancelled
    /// It was started, but what became of it could not be found out.
    case lost(program: String)
}

extension ProcessFailure: CustomStringConvertible {
    /// One line in the user's words.
    package var description: String {
        switch self {
        case .programNotFound(let program): "cannot run \(program): no such program"
        case .directoryUnusable(let directory): "cannot run a program in \(directory)"
        case .notStarted(let program, let error):
            "cannot start \(program): \(systemMessage(error))"
        case .timedOut(let duration, _): "it did not end within \(duration)"
        case .outputTooLarge(let limit): "it wrote more than \(limit) bytes"
        case .cancelled: "it was interrupted"
        case .lost(let program): "lost track of \(program)"
        }
    }
}
