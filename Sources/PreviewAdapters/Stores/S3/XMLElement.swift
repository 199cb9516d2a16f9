/// An element of an XML answer, as far as S3 and its token service use XML: names, text and order,
/// no attributes. Answers come from outside, so nothing in them can make this fetch, expand or
/// recurse: document types are refused, and entities are the five of XML itself and numbers.
struct XMLElement {
    /// Why bytes are no such document.
    struct Malformed: Error {}

    /// Without a namespace's prefix.
    var name: String
    /// The character data directly in it, with entities replaced.
    var text = ""
    /// In order.
    var children: [XMLElement] = []

    /// Reads a whole document.
    init(parsing bytes: [UInt8]) throws(Malformed) {
        var reader = XMLReader(bytes: bytes)
        self = try reader.document()
    }

    fileprivate init(name: String) { self.name = name }

    /// The first child of this name.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// All children of this name.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

private struct XMLReader {
    let bytes: [UInt8]
    var index = 0
    private static let deepest = 16

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(XMLElement.Malformed) -> XMLElement {
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { index += 3 }
        try skipBetweenElements()
        let root = try element(depth: 0)
        try skipBetweenElements()
        guard index == bytes.count else { throw XMLElement.Malformed() }
        return root
    }

    private var rest: ArraySlice<UInt8> { bytes[index...] }

    private func isNext(_ text: String) -> Bool { rest.starts(with: text.utf8) }

    /// Skips spaces, comments and processing instructions, the declaration among them.
    private mutating func skipBetweenElements() throws(XMLElement.Malformed) {
        while index < bytes.count {
            if isSpace(bytes[index]) {
                index += 1
            } else if try !skipRemark() {
                return
            }
        }
    }

    /// Skips a comment or an instruction; false where there is none.
    private mutating func skipRemark() throws(XMLElement.Malformed) -> Bool {
        if isNext("<!--") {
            _ = try take(through: "-->")
        } else if isNext("<?") {
            _ = try take(through: "?>")
        } else {
            return false
        }
        return true
    }

    /// What lies before the next `mark`, which is taken too.
    private mutating func take(through mark: String) throws(XMLElement.Malformed) -> [UInt8] {
        let start = index
        while index < bytes.count {
            if isNext(mark) {
                defer { index += mark.utf8.count }
                return Array(bytes[start..<index])
            }
            index += 1
        }
        throw XMLElement.Malformed()
    }

    private mutating func element(depth: Int) throws(XMLElement.Malformed) -> XMLElement {
        guard depth < Self.deepest, isNext("<") else { throw XMLElement.Malformed() }
        index += 1
        let name = try name()
        let isEmpty = try skipAttributes()
        var element = XMLElement(name: localName(name))
        if isEmpty { return element }
        var text: [UInt8] = []
        while !isNext("</") {
            guard index < bytes.count else { throw XMLElement.Malformed() }
            if isNext("<![CDATA[") {
                index += 9
                text += try take(through: "]]>")
            } else if try skipRemark() {
                continue
            } else if isNext("<") {
                element.children.append(try self.element(depth: depth + 1))
            } else if isNext("&") {
                text += try entity()
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        index += 2
        guard try self.name() == name, try !skipAttributes() else { throw XMLElement.Malformed() }
        element.text = String(decoding: text, as: UTF8.self)
        return element
    }

    private mutating func name() throws(XMLElement.Malformed) -> String {
        let end = rest.firstIndex { isSpace($0) || "/><&\"'=!?".utf8.contains($0) } ?? bytes.count
        guard end > index else { throw XMLElement.Malformed() }
        defer { index = end }
        return String(decoding: bytes[index..<end], as: UTF8.self)
    }

    private func localName(_ name: String) -> String {
        name.split(separator: ":").last.map(String.init) ?? name
    }

    /// Goes behind the end of a tag; true if the tag ends its element.
    private mutating func skipAttributes() throws(XMLElement.Malformed) -> Bool {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ">"):
                index += 1
                return false
            case UInt8(ascii: "/") where isNext("/>"):
                index += 2
                return true
            case UInt8(ascii: "\""):
                index += 1
                _ = try take(through: "\"")
            case UInt8(ascii: "'"):
                index += 1
                _ = try take(through: "'")
            case UInt8(ascii: "<"): throw XMLElement.Malformed()
            default: index += 1
            }
        }
        throw XMLElement.Malformed()
    }

    private mutating func entity() throws(XMLElement.Malformed) -> [UInt8] {
        let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";"))
        guard let end else { throw XMLElement.Malformed() }
        let name = String(decoding: bytes[index + 1..<end], as: UTF8.self)
        index = end + 1
        switch name {
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "amp": return [UInt8(ascii: "&")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            guard let scalar = scalar(name) else { throw XMLElement.Malformed() }
            return Array(String(Character(scalar)).utf8)
        }
    }

    /// Of `#233` or `#xE9`.
    private func scalar(_ reference: String) -> Unicode.Scalar? {
        let number =
            reference.hasPrefix("#x")
            ? UInt32(reference.dropFirst(2), radix: 16)
            : reference.hasPrefix("#") ? UInt32(reference.dropFirst()) : nil
        return number.flatMap(Unicode.Scalar.init)
    }

    private func isSpace(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }
}
