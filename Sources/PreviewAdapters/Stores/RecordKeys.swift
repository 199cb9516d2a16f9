import FoundationEssentials
import PreviewCore

/// The keys that records are sealed with: the first one seals, every one opens, so that keys can be
/// changed one after the other.
package struct RecordKeys: Sendable {
    private let keys: [[UInt8]]

    /// No keys: what is sealed cannot be read, and nothing is sealed.
    package static let none = RecordKeys(keys: [])

    private init(keys: [[UInt8]]) { self.keys = keys }

    /// Reads keys: each 32 bytes in Base64 or hexadecimal, apart by commas or white space.
    ///
    /// `origin`: where the text comes from, for messages, which never hold a part of it.
    /// - Throws: ``Failure`` for a text of another form.
    package init(_ text: String, from origin: String) throws {
        let words = text.split { $0.isWhitespace || $0 == "," }
        keys = try words.enumerated().map { number, word in
            guard let key = Self.key(String(word)) else {
                throw Failure(
                    .recordKey, .stateNeedsRecovery,
                    "key \(number + 1) in \(origin) is not 32 bytes in Base64 or hexadecimal",
                    fix: "make one with `openssl rand -base64 32`")
            }
            return key
        }
        guard !keys.isEmpty else { throw Self.missing(origin) }
    }

    /// Why nothing can be done without the text of the keys.
    static func missing(_ origin: String) -> Failure {
        Failure(
            .recordKey, .stateNeedsRecovery,
            "`state.encrypt` names \(origin), and there is no key there",
            fix: "make one with `openssl rand -base64 32`, and keep it: records cannot be read "
                + "without it")
    }

    private static func key(_ word: String) -> [UInt8]? {
        if word.utf8.count == 2 * AuthenticatedCipher.keyLength { return hexadecimal(word) }
        guard let data = Data(base64Encoded: word), data.count == AuthenticatedCipher.keyLength
        else { return nil }
        return Array(data)
    }

    private static func hexadecimal(_ word: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = word[...]
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    // MARK: - Sealing

    /// A sealed document: JSON, as every store takes it.
    private enum Member {
        static let format = StateFile.sealMember
        /// Not needed to open: servers of Terraform's protocol number versions by it.
        static let serial = "serial"
        static let key = "key"
        static let nonce = "nonce"
        static let sealed = "sealed"
    }

    private static let format = 1

    /// Seals a record; as it is where there is no key.
    ///
    /// `nonce`: ``AuthenticatedCipher/nonceLength`` random bytes.
    func seal(_ bytes: [UInt8], of app: String, nonce: [UInt8]) -> [UInt8] {
        guard let key = keys.first else { return bytes }
        let sealed = AuthenticatedCipher.seal(
            bytes, key: key, nonce: nonce, context: Array(app.utf8))
        let document: JSONValue = [
            Member.format: .int(Self.format), Member.serial: Self.serial(of: bytes),
            Member.key: .string(Self.name(of: key)),
            Member.nonce: .string(Data(nonce).base64EncodedString()),
            Member.sealed: .string(Data(sealed).base64EncodedString()),
        ]
        return JSONWriter.line(document) + [0x0A]
    }

    private static func serial(of bytes: [UInt8]) -> JSONValue {
        // What is no state is sealed as well, and has none.
        (try? JSONReader.read(bytes))?["serial"] ?? .null
    }

    /// Opens a record; one that is not sealed is given back as it is.
    ///
    /// - Throws: ``ErrorCode/recordKey`` where no key fits.
    func open(_ bytes: [UInt8], of app: String) throws(Failure) -> [UInt8] {
        // Cut or altered in its outer form: whoever reads the bytes will say so.
        guard bytes.starts(with: Self.start), let document = try? JSONReader.read(bytes),
            document[Member.format]?.int == Self.format,
            let nonce = document[Member.nonce]?.string.flatMap({ Data(base64Encoded: $0) }),
            let sealed = document[Member.sealed]?.string.flatMap({ Data(base64Encoded: $0) })
        else { return bytes }
        for key in keys {
            if let text = AuthenticatedCipher.open(
                Array(sealed), key: key, nonce: Array(nonce), context: Array(app.utf8))
            {
                return text
            }
        }
        throw refusal(of: app, sealedWith: document[Member.key]?.string ?? "unknown")
    }

    private static let start = Array("{\"\(Member.format)\":".utf8)

    private func refusal(of app: String, sealedWith name: String) -> Failure {
        let names = keys.map(Self.name)
        let message =
            names.isEmpty
            ? "the record of \(app) is encrypted, and no key is named"
            : names.contains(name)
                ? "the record of \(app) was altered after it was encrypted"
                : "the record of \(app) was encrypted with another key"
        return Failure(
            .recordKey, .stateNeedsRecovery, message,
            evidence: [.init("its key", name), .init("keys here", names.joined(separator: ", "))]
                .filter { !$0.text.isEmpty },
            fix: names.contains(name)
                ? "`preview state restore` brings an earlier version back; nothing was changed"
                : "name the key that wrote it: `state: { encrypt: { key: env:NAME } }`; "
                    + "nothing was changed")
    }

    /// What a key is told by: eight digits that say nothing of it.
    private static func name(of key: [UInt8]) -> String {
        String(Digest.hex(Array("preview record key".utf8) + key).prefix(8))
    }
}
