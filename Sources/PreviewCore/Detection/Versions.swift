/// Version files of mise and asdf, and of single tools (rules section 20).
struct Versions {
    let folder: Folder

    private static let miseFiles = [
        "mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml",
        ".config/mise/config.toml",
    ]

    /// What mise or asdf pins for one of a tool's names, here or in a folder around this one.
    ///
    /// `latest` and `lts` are no pins: they give a pin without a version, so that the caller can
    /// say where the question was left open.
    func tool(_ names: String...) -> VersionPin? {
        for place in [folder] + folder.ancestors {
            if let pin = Versions(folder: place).mise(names) ?? Versions(folder: place).asdf(names)
            {
                return pin
            }
        }
        return nil
    }

    private func mise(_ names: [String]) -> VersionPin? {
        for file in Self.miseFiles + localMiseFiles {
            guard let path = folder.file(file), let tools = folder.toml(file)?["tools"] else {
                continue
            }
            for name in names {
                guard let value = tools[name], let text = Self.text(of: value) else { continue }
                return VersionPin(Self.pinned(text), source: file, file: path)
            }
        }
        return nil
    }

    /// `mise.local.toml` and the like.
    private var localMiseFiles: [String] {
        folder.fileNames.filter { $0.hasPrefix("mise.") && $0.hasSuffix(".toml") }
    }

    private static func text(of value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let literal): literal
        case .array(let elements): elements.first.flatMap(text)
        case .object: value["version"].flatMap(text)
        default: nil
        }
    }

    private static func pinned(_ text: String) -> String? {
        let version = cleaned(text)
        return ["latest", "lts", "system", "*", ""].contains(version) ? nil : version
    }

    private func asdf(_ names: [String]) -> VersionPin? {
        guard let path = folder.file(".tool-versions"), let text = folder.survey.text(path) else {
            return nil
        }
        for line in text.split(separator: "\n") {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, names.contains(String(words[0])) else { continue }
            return VersionPin(
                Self.pinned(String(words[1])),
                source: ".tool-versions",
                file: path
            )
        }
        return nil
    }

    /// The first line of a single tool's file that is no comment, here or in a folder around this
    /// one.
    func file(_ names: String...) -> VersionPin? {
        for place in [folder] + folder.ancestors {
            for name in names {
                guard let path = place.file(name), let text = folder.survey.text(path),
                    let line = Self.firstLine(text)
                else { continue }
                return VersionPin(Self.cleaned(line), source: name, file: path)
            }
        }
        return nil
    }

    /// The first line that is neither empty nor a comment.
    static func firstLine(_ text: String) -> String? {
        text.split(separator: "\n").lazy.map(Self.trimmed)
            .first { !$0.isEmpty && !$0.hasPrefix("#") }
    }

    /// Without white space, a comment behind it, and a leading `v`.
    static func cleaned(_ text: String) -> String {
        let line = trimmed(text.prefix { $0 != "#" && $0 != "\n" })
        guard line.hasPrefix("v"), line.dropFirst().first?.isNumber == true else { return line }
        return String(line.dropFirst())
    }

    /// Without white space at both ends.
    static func trimmed(_ text: some StringProtocol) -> String {
        let head = text.drop { $0.isWhitespace }
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }

    /// A range as people write it, trimmed, without `.x` at the end; `nil` when it allows anything.
    static func range(_ text: String) -> String? {
        var result = trimmed(text)
        if result.hasPrefix("v"), result.dropFirst().first?.isNumber == true {
            result.removeFirst()
        }
        let isPlain = result.allSatisfy { $0.isNumber || $0 == "." || "xX*".contains($0) }
        while isPlain, [".x", ".X", ".*"].contains(where: result.hasSuffix) {
            result.removeLast(2)
        }
        return ["*", "x", "", "latest", "lts", "lts/*", "node", "stable", "current"]
            .contains(result) ? nil : result
    }

    /// The lowest version that a range names: `^8.2` is 8.2, `==3.12.*` is 3.12.
    static func floor(_ text: String) -> String? {
        var digits = ""
        for character in text.drop(while: { !$0.isASCII || !$0.isNumber }) {
            guard character.isASCII, character.isNumber || character == "." else { break }
            digits.append(character)
        }
        while digits.hasSuffix(".") { digits.removeLast() }
        return digits.isEmpty ? nil : digits
    }

    /// The numbers of a version or range, for comparison: `^1.120.3` is 1, 120, 3. Empty for a
    /// range that names none, such as `latest`.
    static func numbers(_ text: String) -> [Int] {
        (floor(text) ?? "").split(separator: ".").compactMap { Int($0) }
    }

    /// Whether a range names a version below another; not for a range that names none, nor for one
    /// that is only less exact.
    static func isBelow(_ text: String?, _ bound: [Int]) -> Bool {
        for (number, limit) in zip(numbers(text ?? ""), bound) where number != limit {
            return number < limit
        }
        return false
    }
}
