/// Character classes of the regular expressions below.
private enum Class {
    /// Everything but control characters.
    static let visible = #"[^\u0000-\u001f\u007f]"#
    /// ASCII without space and control characters.
    static let graphic = "[!-~]"
}

private func isVisible(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
}

private func isGraphic(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}

/// What stands behind a prefix; `nil` where the text does not begin with it.
private func rest(of text: String, behind prefix: String) -> String? {
    text.begins(with: prefix)
        ? String(text.unicodeScalars.dropFirst(prefix.unicodeScalars.count)) : nil
}

private func isFilled(_ text: String) -> Bool {
    text.utf8.contains { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
}

// MARK: - Where the code is

extension ConfigRule where Value == RepositoryReference {
    static let repository = text(
        "a repository address: https://host/owner/name, owner/name, git@host:owner/name, "
            + "or a path such as `.`",
        schema: RepositoryAddressSchema.schema
    ) { (text) throws(ConfigViolation) in
        do throws(InvalidRepositoryAddress) {
            return try RepositoryReference.parse(text)
        } catch {
            throw ConfigViolation(
                error.problem,
                code: .invalidRepositoryAddress,
                expected: error.expected
            )
        }
    }
}

extension ConfigRule where Value == Config.Branch {
    static let branch = text(
        "the name of a branch, or `current` for the one that is checked out",
        schema: .pattern(
            #"(?![-/])(?!@$)(?!HEAD$)(?![\s\S]*(?:\.\.|@\{|//|[/.]$))(?!(?:[\s\S]*/)?\.)"#
                + #"(?![\s\S]*\.lock(?:/|$))[^\u0000-\u0020\u007f~^:?*\[\\]+"#
        )
    ) { (text) throws(ConfigViolation) in
        if text == "current" { return .current }
        if let problem = BranchName.problem(in: text) {
            throw ConfigViolation(
                problem,
                suggestion: text == "HEAD" ? .init("current") : nil
            )
        }
        return .named(text)
    }
}

extension ConfigRule where Value == String {
    static let projectName = matching(
        #"(?=[\s\S]*[^ ])(?:\$\$|[^\u0000-\u001f\u007f]){1,100}"#,
        "a name of 1 to 100 characters on one line"
    ) { isVisible($0) && isFilled($0) && $0.unicodeScalars.count <= 100 }

    /// A folder inside the repository; the value has no slashes at its ends.
    static let subfolder = text(
        "a folder inside the repository, such as apps/web",
        schema: .pattern(
            #"(?![-/~])(?!(?:[\s\S]*/)?\.\.(?:/|$))[^\u0000-\u001f\u007f\\]*"#
        )
    ) { (text) throws(ConfigViolation) in
        let parts = text.utf8.split(separator: UInt8(ascii: "/"))
        if parts.contains(where: { $0.elementsEqual("..".utf8) }) {
            throw ConfigViolation("\(DisplayText.quoted(text)) leads upwards with `..`")
        }
        if let first = text.utf8.first, "-/~".utf8.contains(first) {
            let nearest = String(text.unicodeScalars.drop { $0 == "/" })
            throw ConfigViolation(
                "\(DisplayText.quoted(text)) is no path inside the repository",
                suggestion: first == UInt8(ascii: "/") && !nearest.isEmpty ? .init(nearest) : nil
            )
        }
        guard isVisible(text), !text.utf8.contains(UInt8(ascii: "\\")) else {
            throw ConfigViolation("a path has neither backslashes nor control characters")
        }
        let folders = parts.filter { !$0.elementsEqual(".".utf8) }
        return folders.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }
}

// MARK: - The machine

extension ConfigRule where Value == String {
    static let region = text(
        "the code of a region: \(Region.all.map(\.code).joined(separator: ", "))",
        schema: ["enum": .array(Region.all.map { .string($0.code) })]
    ) { (text) throws(ConfigViolation) in
        if let region = Region(code: text) { return region.code }
        if let (city, nearest) = Region.retired(text) {
            throw ConfigViolation(
                "region `\(text)` (\(city)) is retired",
                code: .unknownRegion,
                suggestion: .init(nearest.code, note: nearest.city)
            )
        }
        throw ConfigViolation(
            "unknown region \(DisplayText.quoted(text))",
            code: .unknownRegion,
            suggestion: Region.nearest(to: text).map { .init($0.code, note: $0.city) }
        )
    }
}

extension ConfigRule where Value == MachineSize {
    static let size = choice(MachineSize.all.map(\.name)) { MachineSize(name: $0) }
}

// MARK: - The app

extension ConfigRule where Value == String {
    /// A value for the app's environment: numbers and flags count as they are written.
    static let environmentValue = ConfigRule(
        kinds: [.text, .whole, .number, .flag],
        expected: "text, a number, or `true` or `false`",
        schema: ["anyOf": [["$ref": "#/$defs/text"], ["type": ["number", "boolean"]]]],
        read: { (value, written) throws(ConfigViolation) in
            guard case .text(let text) = value else { return written }
            return text
        }
    )

    static let variableName = matching(
        VariableName.pattern,
        "the name of a variable: letters, digits and `_`, not beginning with a digit"
    ) { VariableName.isValid($0.utf8) }

    static let command = matching(#"[\s\S]*[^ \t\r\n][\s\S]*"#, "a shell command", isFilled)

    static let commandOrNothing = text("a shell command, or `\"\"` for none", schema: [:]) {
        (text) throws(ConfigViolation) in text
    }

    static let image = matching(
        "[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,254}",
        "an image such as node:22"
    ) { text in
        guard let first = text.utf8.first, first.isASCIIAlphanumeric else { return false }
        return text.utf8.count <= 255 && consists(text[...], ofAlphanumericsAnd: "._/:@+-")
    }

    static let urlPath = matching(
        #"/(?!/)[!-"$-~]*"#,
        "a path that begins with one `/`, with other characters percent-encoded"
    ) { text in
        text.utf8.first == UInt8(ascii: "/") && text.utf8.dropFirst().first != UInt8(ascii: "/")
            && isGraphic(text) && !text.utf8.contains(UInt8(ascii: "#"))
    }

    static let title = matching(
        #"(?=[\s\S]*[^ ])(?:\$\$|[^\u0000-\u001f\u007f]){1,100}"#,
        "a title of 1 to 100 characters on one line"
    ) { isVisible($0) && isFilled($0) && $0.unicodeScalars.count <= 100 }

    static let description = matching(
        #"[\s\S]*[^ \t\r\n][\s\S]*"#,
        "a description",
        isFilled
    )
}

extension ConfigRule where Value == SecretReference.Source {
    static let secretSource = text(
        "`env:NAME` or `file:PATH`",
        schema: .pattern("env:\(VariableName.pattern)|file:\(Class.visible)+")
    ) { (text) throws(ConfigViolation) in
        if let name = rest(of: text, behind: "env:"), VariableName.isValid(name.utf8) {
            return .environment(name)
        }
        if let path = rest(of: text, behind: "file:"), !path.isEmpty, isVisible(path) {
            return .file(path)
        }
        if VariableName.isValid(text.utf8) { throw ConfigViolation(nearest: "env:\(text)") }
        let isPath = ["/", "./", "../", "~/"].contains { text.begins(with: $0) } && isVisible(text)
        throw ConfigViolation(nearest: isPath ? "file:\(text)" : nil)
    }
}

// MARK: - Where the record is kept

extension ConfigRule where Value == String {
    static let filePath = matching("\(Class.visible)+", "a path") {
        !$0.isEmpty && isVisible($0)
    }

    static let bucket = matching(
        "[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]",
        "a bucket's name: 3 to 63 letters, digits, `.`, `_` and `-`, a letter or digit at both ends"
    ) { text in
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return (3...63).contains(text.utf8.count) && first.isASCIIAlphanumeric
            && last.isASCIIAlphanumeric && consists(text[...], ofAlphanumericsAnd: "._-")
    }

    static let keyPrefix = matching("\(Class.visible)*", "a prefix for keys", isVisible)

    static let storeRegion = matching("[a-z0-9-]+", "a region of the store, such as eu-west-1") {
        !$0.isEmpty
            && $0.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }
    }

    private static let webAddressPattern = #"https?://[A-Za-z0-9._:\[\]-]+(?:/[!-~]*)?"#

    static let webAddress = matching(
        webAddressPattern,
        "an http or https address without user and password",
        isWebAddress
    )

    static let recordAddress = matching(
        #"(?=[\s\S]*\{app\})"# + webAddressPattern,
        "an http or https address with `{app}` where the app's name goes, without user and password"
    ) { isWebAddress($0) && $0.contains("{app}") }

    @Sendable private static func isWebAddress(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            return false
        }
        let rest = text.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" }
        return !host.isEmpty && consists(host, ofAlphanumericsAnd: "._:[]-") && isGraphic(rest)
    }

    static let databaseAddress = matching(
        "postgres(?:ql)?://\(Class.graphic)+",
        "an address such as postgres://host/database, best from a variable"
    ) { text in
        guard let scheme = ["postgres://", "postgresql://"].first(where: text.hasPrefix) else {
            return false
        }
        return text.utf8.count > scheme.utf8.count && isGraphic(text)
    }

    static let databaseSchema = matching(
        "[A-Za-z_][A-Za-z0-9_]{0,62}",
        "a schema's name: up to 63 letters, digits and `_`, not beginning with a digit"
    ) { VariableName.isValid($0.utf8) && $0.utf8.count <= 63 }

    static let userName = matching(
        #"[^\u0000-\u001f\u007f:]+"#,
        "a user name without `:`"
    ) { !$0.isEmpty && isVisible($0) && !$0.utf8.contains(UInt8(ascii: ":")) }
}
