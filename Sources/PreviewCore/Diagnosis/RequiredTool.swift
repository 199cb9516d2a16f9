/// A program that a project's commands call and that the machine itself has to bring.
package struct RequiredTool: Hashable, Sendable {
    /// As the shell would look for it.
    package var name: String
    /// What makes it print its version.
    package var versionArguments: [String]
    /// The version or range that the project asks for, as it is written there.
    package var wanted: String?

    /// Programs that no project's dependencies bring, with what makes them tell their version.
    /// Others, such as `gunicorn`, come with the install command.
    private static let known: [String: [String]] = [
        "node": ["--version"], "npm": ["--version"], "npx": ["--version"],
        "pnpm": ["--version"], "yarn": ["--version"], "bun": ["--version"],
        "deno": ["--version"], "corepack": ["--version"],
        "python": ["--version"], "python3": ["--version"], "pip": ["--version"],
        "pip3": ["--version"], "uv": ["--version"], "poetry": ["--version"],
        "pipenv": ["--version"],
        "go": ["version"], "cargo": ["--version"], "rustc": ["--version"],
        "ruby": ["--version"], "bundle": ["--version"], "gem": ["--version"],
        "php": ["--version"], "composer": ["--version"],
        "java": ["-version"], "javac": ["-version"], "mvn": ["--version"],
        "gradle": ["--version"], "dotnet": ["--version"], "mix": ["--version"],
        "elixir": ["--version"], "make": ["--version"], "cmake": ["--version"],
        "gcc": ["--version"], "g++": ["--version"], "cc": ["--version"],
        "swift": ["--version"], "hugo": ["version"],
    ]

    /// What tools of a language are run by themselves.
    private static let runtimes = [
        "npm": "node", "npx": "node", "pnpm": "node", "yarn": "node", "corepack": "node",
        "pip": "python3", "pip3": "python3", "bundle": "ruby", "gem": "ruby", "composer": "php",
        "mvn": "java", "gradle": "java",
    ]

    /// The programs of these shell lines in the order of their first use, each once and behind what
    /// runs it.
    ///
    /// `runtime`: what detection found, whose version is asked for of the program of that name.
    package static func all(
        in lines: [String], runtime: Detection.Runtime?
    ) -> [RequiredTool] {
        var names: [String] = []
        for name in lines.flatMap(programs).flatMap({ [runtimes[$0], $0].compactMap(\.self) })
        where known[name] != nil && !names.contains(name) {
            names.append(name)
        }
        return names.map { name in
            RequiredTool(
                name: name, versionArguments: known[name] ?? [],
                wanted: runtime.flatMap { isProgram(name, of: $0) ? $0.version : nil })
        }
    }

    private static func isProgram(_ name: String, of runtime: Detection.Runtime) -> Bool {
        name == runtime.name || name == runtime.name + "3"
    }

    /// The first words of a line's simple commands: what follows `&&`, `||`, `;`, `|` and `(`, behind
    /// variables that are set for it and words that only lead to a program.
    private static func programs(of line: String) -> [String] {
        var names: [String] = []
        var expectsProgram = true
        let spaced = [";", "|", "&", "("].reduce(line) { $0.replacing($1, with: " \($1) ") }
        for word in spaced.split(whereSeparator: \.isWhitespace) {
            if [";", "|", "&", "("].contains(word) {
                expectsProgram = true
            } else if expectsProgram, !isPrefix(word) {
                names.append(String(word))
                expectsProgram = false
            }
        }
        return names
    }

    private static func isPrefix(_ word: Substring) -> Bool {
        let leading: Set<Substring> = ["exec", "env", "nohup", "time", "then", "do", "if", "!"]
        let isAssignment = word.firstIndex(of: "=").map { $0 != word.startIndex } ?? false
        return leading.contains(word) || isAssignment
    }
}

/// Versions as programs and projects write them.
package enum ToolVersion {
    /// The first version in what a program printed: `Python 3.11.2` gives `3.11.2`.
    package static func first(in text: String) -> String? {
        text.firstMatch(of: /[0-9]+(\.[0-9]+)+/).map { String($0.0) }
    }

    /// Whether a version is below the lowest that a range names; not where the range names only what
    /// it must be below.
    package static func isOlder(_ version: String, than range: String) -> Bool {
        let range = range.drop { $0 == " " }
        return !range.hasPrefix("<") && Versions.isBelow(version, Versions.numbers(String(range)))
    }
}
