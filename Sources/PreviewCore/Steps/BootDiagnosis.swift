/// What a failed command most probably lacks, read from the last lines it printed. Pure.
package enum BootDiagnosis {
    /// What to do about it, or `nil` when no line says anything known.
    ///
    /// The lines are those printed last, oldest first. Of several known ones the last counts, being
    /// nearest to the end.
    package static func fix(for lines: [String]) -> String? {
        for line in lines.reversed() {
            for rule in rules {
                if let fix = rule(line) { return fix }
            }
        }
        return nil
    }

    /// Each looks at one line. The wordings are those of node 18 to 22, CPython 3.8 to 3.13, npm,
    /// pip, dash, bash, Ruby, PHP and Go.
    private static let rules: [@Sendable (String) -> String?] = [
        missingNodeModule, missingPythonModule, missingGem, portInUse, missingCommand,
        missingVariable, missingScript, outOfSyncLockfile, refusedDatabase, wrongVersion,
        outOfMemory, noSpace, noNetwork,
    ]

    private static func missingNodeModule(_ line: String) -> String? {
        let name =
            quoted(in: line, after: "Cannot find module ")
            ?? quoted(in: line, after: "Cannot find package ")
        guard let name else { return nil }
        if name.hasPrefix("/") || name.hasPrefix(".") {
            return "check the start command and the build: the file `\(name)` is not there"
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let package = parts.prefix(name.hasPrefix("@") ? 2 : 1).joined(separator: "/")
        return "add `\(package)` to the dependencies in package.json, commit and push"
    }

    private static func missingPythonModule(_ line: String) -> String? {
        guard line.contains("ModuleNotFoundError"),
            let name = quoted(in: line, after: "No module named ")
        else { return nil }
        let top = name.prefix { $0 != "." }
        return "add the package of module `\(top)` to requirements.txt or pyproject.toml, "
            + "commit and push"
    }

    private static func missingGem(_ line: String) -> String? {
        guard line.contains("cannot load such file -- ") else { return nil }
        let name = line.components(after: "cannot load such file -- ").prefix {
            !$0.isWhitespace && $0 != "("
        }
        return "add the gem of `\(name)` to the Gemfile, commit and push"
    }

    private static func portInUse(_ line: String) -> String? {
        guard line.contains("EADDRINUSE") || line.lowercased().contains("address already in use")
        else { return nil }
        return "let the app listen on the port in the variable PORT; a port written in the code is "
            + "taken by something else here"
    }

    private static func missingCommand(_ line: String) -> String? {
        // `sh: 1: vite: not found`, `bash: line 1: vite: command not found`
        guard line.hasSuffix(": not found") || line.hasSuffix(": command not found") else {
            return nil
        }
        let parts = line.split(separator: ":").map { $0.drop { $0 == " " } }
        guard parts.count >= 3, let command = parts.dropLast().last else { return nil }
        return "install `\(command)` on this machine, or add it to the project's dependencies"
    }

    private static func missingVariable(_ line: String) -> String? {
        let name: Substring?
        if line.hasPrefix("KeyError: '"), line.hasSuffix("'") {
            name = line.dropFirst("KeyError: '".count).dropLast()
        } else if line.lowercased().contains("environment variable")
            || line.lowercased().contains("env var")
        {
            name = line.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
                .first { looksLikeVariable($0) }
        } else {
            return nil
        }
        guard let name, looksLikeVariable(name) else { return nil }
        return "set `\(name)` under `env:` or `secrets:` in preview.yaml"
    }

    private static func missingScript(_ line: String) -> String? {
        let name =
            quoted(in: line, after: "Missing script: ")
            ?? quoted(in: line, after: "missing script: ")
        guard let name else { return nil }
        return "add a script `\(name)` to package.json, or set the command under `run:`"
    }

    private static func outOfSyncLockfile(_ line: String) -> String? {
        let isNPM = line.contains("npm ci") && line.contains("in sync")
        guard
            isNPM || line.contains("ERR_PNPM_OUTDATED_LOCKFILE")
                || line.contains("lockfile needs to be updated")
                || line.contains("lockfile would have been modified")
        else { return nil }
        return "run the package manager's install here, commit the lockfile and push"
    }

    private static func refusedDatabase(_ line: String) -> String? {
        guard line.contains("ECONNREFUSED") || line.contains("Connection refused") else {
            return nil
        }
        let services = [
            "5432": "PostgreSQL", "3306": "MySQL", "6379": "Redis", "27017": "MongoDB",
        ]
        let service = services.first { line.contains($0.key) }?.value
        return
            "start \(service ?? "the service the app connects to"), or point the app at one that "
            + "runs by a variable under `env:` or `secrets:`"
    }

    private static func wrongVersion(_ line: String) -> String? {
        if line.contains("EBADENGINE") || line.contains("ERR_PNPM_UNSUPPORTED_ENGINE")
            || line.contains("The engine \"node\" is incompatible")
        {
            return "install the version of node that package.json asks for under `engines`"
        }
        guard
            line.contains("requires a different Python")
                || line.contains("Requires-Python")
        else { return nil }
        return "install a version of Python that the dependencies accept"
    }

    private static func outOfMemory(_ line: String) -> String? {
        guard
            line.contains("JavaScript heap out of memory") || line.contains("MemoryError")
                || line.contains("Cannot allocate memory")
        else { return nil }
        return "give it more under `resources: { memory: … }`"
    }

    private static func noSpace(_ line: String) -> String? {
        guard line.contains("ENOSPC") || line.contains("No space left on device") else {
            return nil
        }
        return "free some disk space"
    }

    private static func noNetwork(_ line: String) -> String? {
        let signs = [
            "EAI_AGAIN", "ENOTFOUND", "ETIMEDOUT", "Temporary failure in name resolution",
            "Could not resolve host",
        ]
        guard signs.contains(where: line.contains) else { return nil }
        return "check the network and the proxy variables, then try again"
    }

    private static func looksLikeVariable(_ word: Substring) -> Bool {
        word.count >= 3 && word.contains { $0.isUppercase } && !word.contains { $0.isLowercase }
            && word.first?.isNumber == false
    }

    /// What stands in quotes of any kind right behind `prefix`.
    private static func quoted(in line: String, after prefix: String) -> String? {
        let rest = line.components(after: prefix)
        guard let quote = rest.first, "'\"`".contains(quote) else { return nil }
        let inner = rest.dropFirst().prefix { $0 != quote }
        return inner.isEmpty ? nil : String(inner)
    }
}

extension String {
    /// What stands behind the first occurrence of `part`; empty when it does not occur.
    fileprivate func components(after part: String) -> Substring {
        let (text, part) = (self[...], part[...])
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) {
                return text[text.index(start, offsetBy: part.count)...]
            }
            start = text.index(after: start)
        }
        return ""
    }
}
