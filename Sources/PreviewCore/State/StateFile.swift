/// The bytes of a state: one canonical JSON document with a checksum (ENGINE section 1).
///
/// It knows nothing of files or stores.
package enum StateFile {
    /// The member by which an encrypted document is told from others.
    package static let sealMember = "preview_sealed"
    /// The format that is written.
    package static let format = 1

    /// Why bytes are not a state this program may use.
    package enum Damage: Error, Hashable, Sendable {
        /// No bytes at all.
        case empty
        /// Not JSON; counted from 1.
        case syntax(JSONSyntaxError)
        /// The checksum does not fit the rest: altered after it was written.
        case altered
        /// JSON, but not a state: the reason.
        case foreign(String)
        /// Written by a newer program.
        case newer(format: Int)

        /// One clause that follows "the state file is".
        package var reason: String {
            switch self {
            case .empty: "empty"
            case .syntax(let error):
                "not complete JSON (line \(error.line), column \(error.column), "
                    + "byte \(error.offset): \(error.message))"
            case .altered: "altered: its checksum does not fit its content"
            case .foreign(let reason): "not a state of this program: \(reason)"
            case .newer(let format):
                "of format \(format), and this program reads up to \(StateFile.format)"
            }
        }
    }

    /// The document's bytes: canonical JSON on one line, with a final newline.
    package static func encode(_ state: State) -> [UInt8] {
        var document = StateDocument.json(of: state)
        let session = Session(of: state, isLocked: state.isUnderWay).json
        document["session"] = session
        // "checksum" has its place among the sorted names: the rest is written once, in two parts.
        let name = "checksum"
        func part(_ belongs: (String) -> Bool) -> [UInt8] {
            JSONWriter.canonical(
                .object(JSONObject(document.members.filter { belongs($0.name) })))
        }
        let start = part { $0 < name }.dropLast() + [UInt8(ascii: ",")]
        let end = part { $0 > name }.dropFirst()
        var hasher = SHA256Hasher()
        hasher.update(start)
        hasher.update(end)
        let checksum = Digest.hexadecimal(hasher.finish())
        return start + "\"\(name)\":\"sha256:\(checksum)\",".utf8 + end + [0x0A]
    }

    /// The document for people: its members in reading order, with the session.
    package static func shown(_ state: State) -> JSONValue {
        var document = StateDocument.json(of: state)
        document["session"] = Session(of: state, isLocked: state.isUnderWay).json
        return .object(document)
    }

    /// Reads a document and checks that it is whole.
    package static func decode(_ bytes: [UInt8]) throws(Damage) -> State {
        guard bytes.contains(where: { $0 > 0x20 }) else { throw .empty }
        let isAsWritten = isAsWritten(bytes)
        var options = JSONReader.Options.strict
        // The session is for outside readers. In bytes that are as they were written it is whole.
        if isAsWritten { options.passesOver = "session" }
        let value: JSONValue
        do {
            value = try JSONReader.read(bytes, options: options)
        } catch {
            throw .syntax(error)
        }
        guard case .object(let document) = value else { throw .foreign("it is no JSON object") }
        // A newer format may take its checksum differently, so its number is looked at first.
        guard let format = document["format"]?.int else {
            throw document[sealMember] == nil
                ? .foreign("it has no format number")
                : .foreign("it is encrypted, and not with a key that is named")
        }
        guard format <= Self.format else { throw .newer(format: format) }
        guard format == Self.format else { throw .foreign("there is no format \(format)") }
        guard isAsWritten || isWhole(document) else { throw .altered }
        return try StateDocument.state(from: document)
    }

    /// Whether the checksum fits the bytes as they are, which are in canonical form then.
    private static func isAsWritten(_ bytes: [UInt8]) -> Bool {
        let opening = Array("\"checksum\":\"sha256:".utf8)
        guard let start = firstRange(of: opening, in: bytes) else { return false }
        let digits = start + opening.count
        let rest = digits + 64 + 2
        guard rest < bytes.count, bytes[(rest - 2)..<rest].elementsEqual("\",".utf8) else {
            return false
        }
        var hasher = SHA256Hasher()
        hasher.update(bytes[..<start])
        hasher.update(bytes[rest..<(bytes.last == 0x0A ? bytes.count - 1 : bytes.count)])
        return Digest.hexadecimal(hasher.finish()).utf8.elementsEqual(bytes[digits..<(rest - 2)])
    }

    /// Whether the checksum fits the content, however it is laid out.
    private static func isWhole(_ document: JSONObject) -> Bool {
        guard let checksum = document["checksum"]?.string else { return false }
        var rest = document
        rest["checksum"] = nil
        return "sha256:" + Digest.hex(JSONWriter.canonical(.object(rest))) == checksum
    }

    private static func firstRange(of needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        for start in 0...(bytes.count - needle.count)
        where bytes[start] == needle[0] && bytes[start...].starts(with: needle) {
            return start
        }
        return nil
    }
}

extension State {
    /// Whether a step was begun whose outcome is unknown.
    package var hasOpenAttempt: Bool { steps.values.contains { $0.attempt?.open == true } }

    /// Whether a run is in the middle of a step, as far as the record tells: it would have said
    /// that it failed.
    var isUnderWay: Bool {
        steps.values.contains { $0.attempt?.open == true && $0.attempt?.error == nil }
    }
}
