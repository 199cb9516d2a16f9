/// What a report of a problem shows of a record and of a configuration: their form, and no value that
/// may be somebody's secret.
package enum ReportMask {
    /// A record without what the app is given: names stay, values go; so do salt and digests, by which
    /// secrets could be guessed at (ENGINE section 7).
    package static func masked(record value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { member in
                        let isHidden = hidden.contains(member.name)
                        return .init(
                            name: member.name,
                            value: isHidden ? hiding(member.value) : masked(record: member.value))
                    }))
        case .array(let elements): .array(elements.map(masked(record:)))
        default: value
        }
    }

    private static let hidden: Set = ["environment", "salt", "digests", "joint"]

    /// The same names with every value hidden.
    private static func hiding(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                JSONObject(object.members.map { .init(name: $0.name, value: hiding($0.value)) }))
        case .array(let elements): .array(elements.map(hiding))
        case .null: .null
        default: .string(Redactor.mask)
        }
    }

    /// A configuration as its keys and values, without comments. Values of `env` are hidden, and so is
    /// whatever stands under a key that the format does not know: it may be an `env` with a slip.
    package static func masked(configuration root: YAMLNode) -> JSONValue {
        outline(of: root, at: "")
    }

    /// Every text that stands under `env`, so that it can be hidden elsewhere as well.
    package static func environmentValues(in root: YAMLNode) -> [String] {
        texts(in: root["env"])
    }

    private static func texts(in node: YAMLNode?) -> [String] {
        guard let node else { return [] }
        return node.text.map { [$0] }
            ?? (node.items ?? []).flatMap(texts)
            + (node.entries ?? []).flatMap { texts(in: $0.value) }
    }

    private static func outline(of node: YAMLNode, at path: String) -> JSONValue {
        if let entries = node.entries {
            return .object(
                JSONObject(
                    entries.map { entry in
                        let name = entry.key.text ?? ""
                        let below = path.isEmpty ? name : "\(path).\(name)"
                        return .init(name: name, value: outline(of: entry.value, at: below))
                    }))
        }
        if let items = node.items {
            return .array(items.map { outline(of: $0, at: path + "[]") })
        }
        return .string(isShown(node, at: path) ? node.text ?? "" : Redactor.mask)
    }

    private static func isShown(_ node: YAMLNode, at path: String) -> Bool {
        let text = node.text ?? ""
        switch path {
        case "secrets[]", "secrets[].name": return isName(text)
        case "secrets[].from", "state.encrypt.key":
            return text.hasPrefix("env:") || text.hasPrefix("file:")
        // A URL may hold a password in more than one place.
        case "state.url": return false
        default:
            let known = path.hasSuffix("[]") ? String(path.dropLast(2)) : path
            return knownPaths.contains(known) || known.hasPrefix("steps.")
        }
    }

    private static let knownPaths = Set(
        ConfigKey.all.filter { !$0.isSection && !$0.path.hasPrefix("env.") }.map(\.path))

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte)
                    || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte)
            }
    }
}
