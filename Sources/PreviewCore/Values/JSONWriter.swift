/// Writes JSON, either in the canonical form that checksums are taken over or indented for people.
package enum JSONWriter {
    /// The canonical bytes: sorted names, no spaces, nothing escaped that need not be (RFC 8785,
    /// with numbers as the record spells them).
    package static func canonical(_ value: JSONValue) -> [UInt8] {
        var writer = Writer(indent: nil, sorted: true)
        writer.write(value, depth: 0)
        return writer.bytes
    }

    /// One line in the order of the members, for JSON lines.
    package static func line(_ value: JSONValue) -> [UInt8] {
        var writer = Writer(indent: nil, sorted: false)
        writer.write(value, depth: 0)
        return writer.bytes
    }

    /// Indented by two spaces in the order of the members, without a final newline.
    package static func pretty(_ value: JSONValue) -> String {
        var writer = Writer(indent: 2, sorted: false)
        writer.write(value, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// One element for ``writePretty(_:_:followedBy:to:)``: made at once, so that a long list need
    /// not be in memory as values.
    package static func prettyElement(_ value: JSONValue) -> [UInt8] {
        var writer = Writer(indent: 2, sorted: false)
        writer.write(value, depth: 2)
        return writer.bytes
    }

    /// Hands on, in pieces, an object that begins with a list of elements that are written already:
    /// the text that ``pretty(_:)`` would give.
    package static func writePretty(
        _ name: String, _ elements: [[UInt8]], followedBy rest: JSONObject,
        to output: ([UInt8]) -> Void
    ) {
        var writer = Writer(indent: 2, sorted: false)
        writer.write(name, elements, followedBy: rest, to: output)
    }
}

extension JSONObject.Member {
    /// The canonical order: RFC 8785 sorts names by UTF-16 code units.
    static func precedes(_ left: Self, _ right: Self) -> Bool {
        left.name.utf16.lexicographicallyPrecedes(right.name.utf16)
    }
}

private struct Writer {
    let indent: Int?
    let sorted: Bool
    var bytes: [UInt8] = []

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let literal): bytes += literal.utf8
        case .string(let text): write(text)
        case .array(let elements):
            list(elements, open: "[", close: "]", depth: depth) { writer, element in
                writer.write(element, depth: depth + 1)
            }
        case .object(let object):
            let members =
                sorted ? object.members.sorted(by: JSONObject.Member.precedes) : object.members
            list(members, open: "{", close: "}", depth: depth) { writer, member in
                writer.write(member, depth: depth + 1)
            }
        }
    }

    mutating func write(
        _ name: String, _ written: [[UInt8]], followedBy rest: JSONObject,
        to output: ([UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: "{"))
        breakLine(1)
        write(name)
        bytes += ": ".utf8
        list(written, open: "[", close: "]", depth: 1) { writer, element in
            output(writer.bytes)
            writer.bytes = element
        }
        for member in rest.members {
            bytes.append(UInt8(ascii: ","))
            breakLine(1)
            write(member, depth: 1)
        }
        breakLine(0)
        bytes.append(UInt8(ascii: "}"))
        output(bytes)
    }

    private mutating func write(_ member: JSONObject.Member, depth: Int) {
        write(member.name)
        bytes += (indent == nil ? ":" : ": ").utf8
        write(member.value, depth: depth)
    }

    private mutating func list<Element>(
        _ elements: [Element], open: Character, close: Character, depth: Int,
        each: (inout Writer, Element) -> Void
    ) {
        bytes += open.utf8
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth + 1)
            each(&self, element)
        }
        if !elements.isEmpty { breakLine(depth) }
        bytes += close.utf8
    }

    private mutating func breakLine(_ depth: Int) {
        guard let indent else { return }
        bytes.append(0x0A)
        bytes += repeatElement(0x20, count: indent * depth)
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            // Runs of plain bytes are copied as a whole.
            var start = 0
            for index in 0..<text.count where needsEscape(text[index]) {
                bytes.append(contentsOf: text[start..<index])
                escape(text[index])
                start = index + 1
            }
            bytes.append(contentsOf: text[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes += #"\""#.utf8
        case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
        case 0x08: bytes += #"\b"#.utf8
        case 0x09: bytes += #"\t"#.utf8
        case 0x0A: bytes += #"\n"#.utf8
        case 0x0C: bytes += #"\f"#.utf8
        case 0x0D: bytes += #"\r"#.utf8
        default: bytes += "\\u00\(Digest.hexadecimal([byte]))".utf8
        }
    }
}
