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
        /// How many calls of this name came before it in the process, from 1.
        var number: Int
        var text: String
    }

    /// Runs the program without a fault and gives its calls of the given names, in order.
    func calls(_ names: [String], _ arguments: String...) async throws -> [Call] {
        let outcome = try await run(names, inject: nil, arguments)
        #expect(outcome.code == 0, "\(outcome)")
        var counts: [String: Int] = [:]
        return box.text("\(box.root)/trace").split(separator: "\n").compactMap { line in
            let text = line.drop { $0.isNumber }.drop { $0 == " " }
            let name = String(text.prefix { $0 != "(" })
            guard names.contains(name), !text.contains("resumed>") else { return nil }
            counts[name, default: 0] += 1
            return Call(name: name, number: counts[name] ?? 1, text: String(text))
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
            "/usr/bin/strace", "-f", "-qq", "-y", "-o", "\(box.root)/trace",
            "-e", "trace=\(names.joined(separator: ","))", "-e", "signal=none",
        ]
        if let inject { words += ["-e", "inject=\(inject)"] }
        return try await box.run(words + [Program.path] + arguments)
    }
}
