/// Derives the key of an attempt: no clock and no random part, so that a machine's name is known
/// before its answer is (ENGINE section 2).
package enum AttemptKey {
    /// SHA-256 of the parts joined by newlines, in base 32, lower case, the first 16 characters.
    package static func make(lineage: String, step: StepID, serial: Int) -> String {
        let text = ["preview-attempt", lineage, step.rawValue, String(serial)]
            .joined(separator: "\n")
        return String(base32(Digest.sha256(Array(text.utf8))).prefix(16))
    }

    /// RFC 4648 base 32 in lower case, without padding.
    private static func base32(_ bytes: [UInt8]) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        var (text, buffer, bits) = ("", 0, 0)
        for byte in bytes {
            (buffer, bits) = (buffer << 8 | Int(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[buffer >> bits & 31])
            }
            buffer &= 31
        }
        if bits > 0 { text.append(alphabet[buffer << (5 - bits) & 31]) }
        return text
    }
}
