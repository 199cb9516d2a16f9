/// The `preview.yaml` that `preview init` writes: what is known about the repository as values, and
/// every other key as a comment that only needs its `#` removed.
package struct ConfigTemplate: Hashable, Sendable {
    /// The project.
    package var name: String
    /// The repository's address as it is to be written.
    package var repository: String
    /// A branch, or `current`.
    package var branch: String
    /// The sub-application, empty for the root.
    package var path = ""
    /// Whom to ask for a machine.
    package var provider: ProviderName
    /// What detection found; what is `nil` becomes a comment.
    package var run = Config.RunOverrides()

    /// A file for a repository in which nothing has been found yet.
    package init(name: String, repository: String, branch: String, provider: ProviderName) {
        self.name = name
        self.repository = repository
        self.branch = branch
        self.provider = provider
    }

    /// The file's content. Reading it gives the values back.
    package func render() -> String {
        let keys = ConfigKey.keys(in: "")
        let parts = keys.map { ["# \($0.summary)"] + ($0.isSection ? section($0) : [line($0)]) }
        let heading = [
            "# How this repository is previewed; `preview validate` checks this file. A line that",
            "# has a `#` without a space behind it shows a key's default, or an example.",
        ]
        return ([heading] + parts).map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
            + "\n"
    }

    private func section(_ key: ConfigKey) -> [String] {
        if let example = Self.examples[key.path] { return example.map(commented) }
        let children = ConfigKey.keys(in: key.path)
        let isGiven = children.contains { value($0.path) != nil }
        let lines = children.map { child in
            let line = line(child, indent: "  ")
            let gap = String(repeating: " ", count: max(1, 30 - line.unicodeScalars.count))
            return "\(line)\(gap)# \(child.summary)"
        }
        return ["\(isGiven ? "" : "#")\(key.name):"] + lines
    }

    private func commented(_ line: String) -> String {
        let indent = line.prefix { $0 == " " }
        return "\(indent)#\(line.dropFirst(indent.count))"
    }

    private func line(_ key: ConfigKey, indent: String = "") -> String {
        if let value = value(key.path) { return "\(indent)\(key.name): \(value)" }
        let example = Self.values[key.path] ?? key.defaultValue.map(Self.written) ?? ""
        return "\(indent)#\(key.name): \(example)"
    }

    /// The value that is known of a key, as it is written.
    private func value(_ path: String) -> String? {
        switch path {
        case Keys.version.key.path: "1"
        case Keys.name.key.path: YAMLText.written(name)
        case Keys.repo.key.path: YAMLText.written(repository)
        case Keys.branch.key.path: YAMLText.written(branch)
        case Keys.path.key.path: self.path.isEmpty ? nil : YAMLText.written(self.path)
        case Keys.provider.key.path: provider.rawValue
        case Keys.Run.install.key.path: run.install.map(YAMLText.written)
        case Keys.Run.build.key.path: run.build.map(YAMLText.written)
        case Keys.Run.start.key.path: run.start.map(YAMLText.written)
        case Keys.Run.port.key.path: run.port.map(String.init)
        case Keys.Run.mode.key.path: run.mode == .production ? nil : run.mode.rawValue
        case Keys.Run.image.key.path: run.image.map(YAMLText.written)
        default: nil
        }
    }

    private static func written(_ value: JSONValue) -> String {
        value.string.map(YAMLText.written)
            ?? String(decoding: JSONWriter.line(value), as: UTF8.self)
    }

    /// Examples for keys without a default.
    private static let values = [
        "path": "apps/web", "resources.cpu": "2", "resources.memory": "512mb",
        "run.install": "npm ci", "run.build": "npm run build", "run.start": "npm start",
        "run.port": "3000", "run.image": "node:22", "hooks.on_complete": "./notify.sh",
        "hooks.on_error": "./notify.sh", "limits.max_previews": "10",
        "limits.max_monthly_cost": "20",
    ]

    /// Examples for sections whose keys are free, or depend on each other.
    private static let examples = [
        "env": ["env:", "  NODE_ENV: production"],
        "secrets": [
            "secrets:", "  - DATABASE_URL", "  - name: API_KEY", "    from: file:~/.keys/api",
        ],
        "steps": ["steps:", "  2: { title: Reserve a box, description: A small one close by }"],
        "state": ["state:", "  store: file", "  path: .preview"],
    ]
}

/// Text as a YAML scalar.
enum YAMLText {
    /// The text, in quotes where it would be read as something else, with its dollars protected from
    /// being filled in.
    static func written(_ text: String) -> String {
        let protected = withDollarsProtected(text)
        return isPlain(protected) ? protected : "\"\(escaped(protected))\""
    }

    private static func withDollarsProtected(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            let next = index + 1 < scalars.count ? scalars[index + 1] : " "
            if scalar == "$", next == "$" || next == "{" { result.append("$") }
            result.append(scalar)
        }
        return String(result)
    }

    /// Whether the text without quotes is read as itself, everywhere and by everybody.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        let isWord = YAMLScalar(text: text, isPlain: true, tag: nil) == .string(text)
        let oldWords = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        return isWord && !oldWords.contains(text.lowercased())
            && (first.isASCIIAlphanumeric || "./_".utf8.contains(first))
            && (!(0x30...0x39).contains(first) || DurationText.seconds(text) != nil)
            && last != UInt8(ascii: ":") && last != UInt8(ascii: " ")
            && consists(text[...], ofAlphanumericsAnd: " ._/:@+=$&|<>;()'-")
            && !text.contains(": ")
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\t": "\\t"
            case _ where DisplayText.visible(scalar) == scalar: String(scalar)
            default:
                "\\U"
                    + Digest.hexadecimal(
                        (0..<4).map { byte in
                            UInt8(truncatingIfNeeded: scalar.value >> UInt32(24 - 8 * byte))
                        }
                    )
            }
        }.joined()
    }
}
