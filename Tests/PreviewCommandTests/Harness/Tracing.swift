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
        var thread: String
        var text: String
    }

    /// Runs the program without a fault and gives its calls of the given names, in order, as far as
    /// a fault can be aimed at them.
    func calls(_ names: [String], _ arguments: String...) async throws -> [Call] {
        let outcome = try await run(names, inject: nil, arguments)
        #expect(outcome.code == 0, "\(outcome)")
        let lines = box.text("\(box.root)/trace").split(separator: "\n")
        var counts: [Substring: [String: Int]] = [:]
        var calls: [Call] = []
        for line in lines where !line.contains("resumed>") {
            let thread = line.prefix { $0.isNumber }
            let text = line.dropFirst(thread.count).drop { $0 == " " }
            let name = String(text.prefix { $0 != "(" })
            guard names.contains(name) else { continue }
            counts[thread, default: [:]][name, default: 0] += 1
            let number = counts[thread]?[name] ?? 1
            calls.append(
                Call(name: name, number: number, thread: String(thread), text: String(text)))
        }
        // strace counts by thread, so a number that the first one reaches while the program is
        // loaded strikes there, unless the call is one of that thread itself.
        let first = lines.first.map { $0.prefix { $0.isNumber } } ?? ""
        return calls.filter { call in
            call.thread == first || call.number > counts[first]?[call.name] ?? 0
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
