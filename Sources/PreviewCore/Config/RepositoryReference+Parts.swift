/// User, host and port of a URL, or user and host of the scp-like form.
struct Authority {
    let user: String?
    let host: String
    let port: Int?
    let droppedCredentials: Bool

    /// As it is written back, without credentials.
    var text: String {
        (user.map { "\($0)@" } ?? "") + host + (port.map { ":\($0)" } ?? "")
    }

    init(
        _ text: Substring,
        of scheme: RepositoryReference.Scheme
    ) throws(InvalidRepositoryAddress) {
        let at = text.utf8.lastIndex(of: UInt8(ascii: "@"))
        let credentials = at.map { text[..<$0] }
        let parts = credentials?.parts(at: ":", atMost: 2, keepingEmpty: true)
        // Only ssh needs the user name. Over https it is as often as not a token.
        user = scheme == .ssh ? try parts?.first.map(Self.checked(user:)) : nil
        droppedCredentials = credentials != nil && (scheme != .ssh || parts?.count == 2)
        let endpoint = at.map { text[text.utf8.index(after: $0)...] } ?? text
        let hostEnd = Self.endOfHost(endpoint)
        host = try Self.checked(host: endpoint[..<hostEnd])
        port = try Self.checked(port: endpoint[hostEnd...])
    }

    private static func endOfHost(_ endpoint: Substring) -> Substring.Index {
        if endpoint.begins(with: "["), let bracket = endpoint.place(of: "]") {
            return bracket.upperBound
        }
        return endpoint.place(of: ":")?.lowerBound ?? endpoint.endIndex
    }

    private static func checked(user: Substring) throws(InvalidRepositoryAddress) -> String {
        guard !user.isEmpty, !user.begins(with: "-"), consists(user, ofAlphanumericsAnd: "-._+")
        else {
            throw .init(
                .user,
                "the user name is not allowed",
                expected: "letters, digits, `-`, `.`, `_` and `+`, not beginning with `-`"
            )
        }
        return String(user)
    }

    private static func checked(host: Substring) throws(InvalidRepositoryAddress) -> String {
        if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
            let inside = host.dropFirst().dropLast()
            if inside.allSatisfy({ $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".") }) {
                return host.lowercased()
            }
        }
        guard let first = host.utf8.first, first.isASCIIAlphanumeric, !host.holds(".."),
            consists(host, ofAlphanumericsAnd: "-._")
        else {
            throw .init(
                .host,
                host.isEmpty ? "the host is missing" : "the host name is not allowed",
                expected: "letters, digits, `-`, `.` and `_`, beginning with a letter or digit"
            )
        }
        return host.lowercased()
    }

    private static func checked(port: Substring) throws(InvalidRepositoryAddress) -> Int? {
        guard !port.isEmpty else { return nil }
        let digits = port.dropFirst()
        guard port.first == ":", digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let number = Int(digits), (1...65535).contains(number)
        else { throw .init(.port, "the port is not allowed", expected: "a number from 1 to 65535") }
        return number
    }
}

extension RepositoryReference {
    /// Owner folders and repository of a path. Outer and doubled slashes do not count.
    static func segments(
        of path: Substring,
        encoded: Bool,
        isFile: Bool = false
    ) throws(InvalidRepositoryAddress) -> [String] {
        var segments: [String] = []
        for part in path.parts(at: "/") {
            let segment = encoded ? try percentDecoded(part) : String(part)
            try check(segment: segment, isFile: isFile)
            segments.append(segment)
        }
        let name = segments.popLast().map(withoutGitSuffix) ?? ""
        guard !name.isEmpty else {
            throw .init(.name, "the repository's name is missing", expected: "owner/name")
        }
        return segments + [name]
    }

    private static func check(
        segment: String,
        isFile: Bool
    ) throws(InvalidRepositoryAddress) {
        if segment == "." || segment == ".." {
            throw .init(.path, "the path contains `\(segment)`", expected: "the path without it")
        }
        if segment.begins(with: "-") {
            throw .init(.path, "a part of the path begins with `-`, like an option")
        }
        if segment.holds("/") || segment.holds("\\") {
            throw .init(
                .path,
                "a part of the path contains a slash in disguise or a backslash",
                expected: "parts separated by `/`"
            )
        }
        if segment.unicodeScalars.contains(where: isControl) {
            throw .init(.path, "the path contains a control character")
        }
        // `https://user:pa/ss@host/…`: the password's slash ends the host too early.
        if !isFile, segment.unicodeScalars.dropFirst().contains("@") {
            throw .init(
                .path,
                "an `@` inside the path looks like the end of a password",
                expected: "the address without credentials"
            )
        }
    }

    private static func percentDecoded(
        _ text: Substring
    ) throws(InvalidRepositoryAddress) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap {
                Character(Unicode.Scalar($0)).hexDigitValue
            }
            guard digits.count == 2 else {
                throw .init(
                    .path,
                    "a `%` is not followed by two hexadecimal digits",
                    expected: "%25 for the character itself"
                )
            }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw .init(.path, "the path is not UTF-8 once decoded", expected: "UTF-8")
        }
        return decoded
    }
}

/// Whether a text has nothing but ASCII letters, digits and the given characters.
func consists(_ text: Substring, ofAlphanumericsAnd others: String) -> Bool {
    text.utf8.allSatisfy { $0.isASCIIAlphanumeric || others.utf8.contains($0) }
}
