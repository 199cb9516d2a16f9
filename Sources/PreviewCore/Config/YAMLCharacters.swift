/// The characters of a YAML file: which are refused, and where one stands.
enum YAMLCharacters {
    /// Refuses what is not UTF-8, and the characters on which YAML 1.1 and 1.2 disagree.
    ///
    /// Control characters are refused by libyaml itself.
    static func check(_ bytes: [UInt8]) throws(YAMLFailure) {
        let text: UTF8Span
        do {
            text = try UTF8Span(validating: bytes.span)
        } catch {
            throw YAMLFailure(
                .syntax,
                at: mark(of: error.byteOffsets.lowerBound, in: bytes),
                "the file is not UTF-8",
                expected: "a text file in UTF-8"
            )
        }
        guard !text.isKnownASCII, let offset = oldLineBreak(in: bytes) else { return }
        let place = mark(of: offset, in: bytes)
        throw YAMLFailure(
            .syntax,
            at: place,
            to: Mark(line: place.line, column: place.column + 1),
            "a line break of YAML 1.1 that is none in YAML 1.2",
            expected: #"an escape such as "\N", "\L" or "\P" in double quotes"#
        )
    }

    /// The byte offset of the first U+0085, U+2028 or U+2029.
    private static func oldLineBreak(in bytes: [UInt8]) -> Int? {
        bytes.indices.first { index in
            switch bytes[index] {
            case 0xC2: return bytes[index + 1] == 0x85
            case 0xE2: return bytes[index + 1] == 0x80 && (0xA8...0xA9).contains(bytes[index + 2])
            default: return false
            }
        }
    }

    /// The place of a byte; a byte order mark at the start has no width.
    static func mark(of offset: Int, in bytes: [UInt8]) -> Mark {
        var mark = Mark(line: 1, column: 1)
        var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while index < min(offset, bytes.count) {
            let byte = bytes[index]
            index += 1
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { continue }
            if byte == 0x0A || byte == 0x0D {
                mark = Mark(line: mark.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }

    /// The character at a place of valid UTF-8, if there is one.
    static func character(at wanted: Mark, in bytes: [UInt8]) -> UnicodeScalar? {
        var mark = Mark(line: 1, column: 1)
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        for index in scalars.indices {
            if mark == wanted { return scalars[index] }
            let next = scalars.index(after: index)
            switch scalars[index] {
            case "\r" where next < scalars.endIndex && scalars[next] == "\n": break
            case "\n", "\r": mark = Mark(line: mark.line + 1, column: 1)
            default: mark.column += 1
            }
        }
        return nil
    }
}
