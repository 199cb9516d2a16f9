/// Where a program listens (rules section 21).
enum Ports {
    /// A number that can be a port of an application.
    static func valid(_ text: String?) -> Int? {
        guard let text, let number = Int(text), (1...65_535).contains(number) else { return nil }
        return number
    }

    /// A port in a document, as a number or as text.
    static func valid(_ value: JSONValue?) -> Int? {
        switch value {
        case .number(let literal): valid(literal)
        case .string(let text): valid(text)
        default: nil
        }
    }

    /// `--port N`, `-p N` or `PORT=N` in a command; `$PORT` is given by the platform and no port.
    static func inCommand(_ command: String, patterns: PatternCache) -> Int? {
        let source = SourceText(command, patterns: patterns)
        let found =
            source.first(#"(?:^|\s)--(?:server\.)?port[= ]+["']?(\d{2,5})\b"#)
            ?? source.first(#"(?:^|\s)PORT=["']?(\d{2,5})\b"#)
            ?? source.first(#"(?:^|\s)-p[= ]?(\d{2,5})\b"#)
            ?? source.first(#"(?:^|\s)(?:-l|--listen)[= ]?(\d{2,5})\b"#)
            ?? source.first(
                #"(?:--bind|-b|--host|runserver|--listen|-l)[= ]+[\w.\[\]:]*:(\d{2,5})\b"#
            )
        return valid(found)
    }

    /// The port a JavaScript program gives to `listen`, straight or by way of a variable.
    static func inScript(_ source: SourceText) -> Int? {
        let text = source.withoutComments
        let found =
            text.first(#"\.listen\(\s*['"]?(\d{2,5})\b"#)
            ?? text.first(#"\bPORT['"]?\]?\)?\s*(?:\|\||\?\?)\s*['"]?(\d{2,5})\b"#)
            ?? text.first(#"\b[pP](?:ort|ORT)\b['"]?\s*[:=]\s*(\d{2,5})\b"#)
        return valid(found)
    }

    /// The port in a Python entry file.
    static func inPython(_ source: SourceText) -> Int? {
        let text = source.withoutHashLines
        let found =
            text.first(#"\bport\s*=\s*(\d{2,5})\b"#)
            ?? text.first(#"\bPORT['"]\s*,\s*(?:default\s*=\s*)?['"]?(\d{2,5})\b"#)
            ?? text.first(#"\.run\(\s*['"][\w.:]+['"]\s*,\s*(\d{2,5})\b"#)
            ?? text.first(#"\bPORT\s*=\s*(\d{2,5})\b"#)
        return valid(found)
    }

    /// The port in a Go, Rust, Ruby or other entry file: an address in quotes.
    static func inAddress(_ source: SourceText) -> Int? {
        let text = source.withoutComments
        let found =
            text.first(
                #"(?:ListenAndServe(?:TLS)?|Run|Start|Listen|Addr\s*:)\s*\(?\s*"#
                    + #"(?:"tcp"\s*,\s*)?["'`][\w.\-]*:(\d{2,5})["'`]"#
            )
            ?? text.first(#"["'](?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]):(\d{2,5})["']"#)
            ?? text.first(#"\[\s*(?:127|0)\s*,\s*0\s*,\s*0\s*,\s*[01]\s*\]\s*,\s*(\d{2,5})\b"#)
        return valid(found)
    }

    /// What a Rust program binds to as a pair, or falls back to where `PORT` is not set.
    static func inRust(_ source: SourceText) -> Int? {
        valid(
            source.withoutComments.first(
                of: #"\bbind\w*\(\s*\(\s*"[^"]*"\s*,\s*(\d{2,5})\b"#,
                #""PORT"[\s\S]{0,160}?unwrap_or(?:_else)?\(\s*(?:\|\w*\|\s*)?"?(\d{2,5})\b"#
            )
        )
    }

    /// The first number of `EXPOSE` in a Dockerfile.
    static func exposed(_ source: SourceText) -> Int? {
        for line in source.all(#"(?mi)^\s*EXPOSE\s+(.*)$"#) {
            for word in line.split(whereSeparator: \.isWhitespace) {
                if let port = valid(word.split(separator: "/").first.map(String.init)) {
                    return port
                }
            }
        }
        return nil
    }
}
