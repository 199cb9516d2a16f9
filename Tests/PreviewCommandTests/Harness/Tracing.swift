import Testing

/// A run of the program under strace, with a fault at one system call.
struct Tracing {
    let box: Sandbox

    /// Calls by which a run reads or changes its record.
    static let changing = [
        "openat", "mkdirat", "write", "pwrite64", "ftruncate", "fchmod", "fsync", "linkat",
        "renameat", "renameat2", "unlinkat",
    ]

    /// One traced call.
    struct Call {
        var name: String
        /// Its number among the calls of this name in its thread, from 1.
        var number: Int
        /// Whether a fault of that number strikes here: strace counts by thread, so one that the
        /// first thread reaches while the program is loaded strikes there.
        var canBeStruck: Bool
        var text: String
    }

    /// Runs the program without a fault and gives its calls of the given names, in order.
    func calls(_ names: [String], _ arguments: String...) async throws -> [Call] {
        let outcome = try await run(["execve"] + names, inject: nil, arguments)
        #expect(outcome.code == 0, "\(outcome)")
        let lines = box.text("\(box.root)/trace").split(separator: "\n").filter {
            !$0.contains("resumed>")
        }
        func parts(_ line: Substring) -> (thread: Substring, name: String, text: Substring) {
            let thread = line.prefix { $0.isNumber }
            let text = line.dropFirst(thread.count).drop { $0 == " " }
            return (thread, String(text.prefix { $0 != "(" }), text)
        }
        // The first line is the start of the program in its first thread.
        let first = lines.first.map { parts($0).thread }
        var counts: [Substring: [String: Int]] = [:]
        for part in lines.map(parts) {
            counts[part.thread, default: [:]][part.name, default: 0] += 1
        }
        var numbers: [Substring: [String: Int]] = [:]
        return lines.map(parts).compactMap { thread, name, text in
            guard names.contains(name) else { return nil }
            numbers[thread, default: [:]][name, default: 0] += 1
            let number = numbers[thread]?[name] ?? 1
            let ofFirst = first.flatMap { counts[$0]?[name] } ?? 0
            return Call(
                name: name, number: number, canBeStruck: number > ofFirst, text: String(text))
        }
    }

    /// Runs the program with a fault at the n-th call of a name.
    func inject(_ fault: String, at call: Call, _ arguments: String...) async throws -> Outcome {
        try await run(
            [call.name], inject: "\(call.name):\(fault):when=\(call.number)", arguments)
    }

    /// The line at which the fault struck, if it did.
    var struck: String? {
        box.text("\(box.root)/trace").split(separator: "\n")
            .first { $0.contains("(INJECTED)") }.map(String.init)
    }

    private func run(
        _ names: [String], inject: String?, _ arguments: [String]
    ) async throws -> Outcome {
        box.removeTree("\(box.root)/trace")
        // The call must be traced to be tampered with; -y names the file of each descriptor.
        var words = [
            // On one processor the program works in one thread, and calls keep their numbers.
            "/usr/bin/taskset", "-c", "0", "/usr/bin/strace", "-f", "-qq", "-y", "-o",
            "\(box.root)/trace",
            "-e", "trace=\(names.joined(separator: ","))", "-e", "signal=none",
        ]
        if let inject { words += ["-e", "inject=\(inject)"] }
        return try await box.run(words + [Program.path] + arguments)
    }
}
