import PreviewCore

/// Lenient reading. No field of an answer is certain to be there, names come in snake case, in camel
/// case and with capitals, and null means absent (fly/machines-api sections 0 and 13).
extension JSONValue {
    /// Reads an answer; `nil` for what is no JSON. One name may come twice.
    init?(answer bytes: [UInt8]) {
        var options = JSONReader.Options.strict
        options.allowsDuplicates = true
        // Whatever is wrong with it, it is no answer.
        guard let value = try? JSONReader.read(bytes, options: options) else { return nil }
        self = value
    }

    /// A member by its name in snake case: as it is, or else in any other case.
    func field(_ name: String) -> JSONValue? {
        guard let object else { return nil }
        if let exact = object[name], !exact.isNull { return exact }
        let wanted = Self.folded(name)
        return object.members.first { !$0.value.isNull && Self.folded($0.name) == wanted }?.value
    }

    private static func folded(_ name: String) -> String {
        name.lowercased().filter { $0 != "_" }
    }

    /// The elements under a name, or those of the array that this is; none where nothing is said,
    /// and `nil` for what can hold no list.
    func list(_ name: String) -> [JSONValue]? {
        switch self {
        case .null: return []
        case .array(let elements): return elements
        case .object: return field(name).map(\.array) ?? []
        default: return nil
        }
    }

    /// A text, or the digits of a number.
    var word: String? {
        if case .number(let literal) = self { return literal }
        return string
    }

    /// A whole number, or a text that is one.
    var wholeNumber: Int? { int ?? string.flatMap { Int($0) } }

    /// A Boolean, or a text that is one.
    var flag: Bool? {
        switch string?.lowercased() {
        case "true": true
        case "false": false
        default: bool
        }
    }

    /// The members that are texts.
    var texts: [String: String] {
        (object?.members ?? []).reduce(into: [:]) { $0[$1.name] = $1.value.string }
    }

    /// An object of texts, sorted by name.
    static func texts(_ values: [String: String]) -> JSONValue {
        .object(
            JSONObject(
                values.sorted { $0.key < $1.key }
                    .map { .init(name: $0.key, value: .string($0.value)) }))
    }
}

/// Times as the platform writes them.
enum FlyTime {
    /// The time in nanoseconds since 1970, which is how places in the log are named.
    static func nanoseconds(_ text: String) -> String? {
        guard let time = read(text) else { return nil }
        let fraction = text.firstIndex(of: ".").map {
            text[$0...].dropFirst().prefix { $0.isNumber }.prefix(9)
        }
        let digits = String(fraction ?? "")
        return "\(time.seconds)" + digits + String(repeating: "0", count: 9 - digits.count)
    }

    /// Reads RFC 3339: with or without fractions of a second, in UTC or with an offset.
    static func read(_ text: String) -> Timestamp? {
        guard text.utf8.count > 19, let time = Timestamp(text.prefix(19) + "Z") else { return nil }
        var zone = text.dropFirst(19)
        if zone.first == "." { zone = zone.dropFirst().drop { $0.isNumber } }
        if zone == "Z" || zone == "z" { return time }
        let parts = zone.dropFirst().split(separator: ":").map { Int($0) }
        guard let sign = zone.first, sign == "+" || sign == "-", parts.count == 2,
            let hours = parts[0], let minutes = parts[1]
        else { return nil }
        let offset = hours * 3600 + minutes * 60
        return time + (sign == "+" ? -offset : offset)
    }
}
