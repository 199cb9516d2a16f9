import FoundationEssentials

/// Base64 with the standard alphabet (RFC 4648), as `raw_value` has it.
enum Base64 {
    /// The bytes, or nil for a text that is no padded Base64. Line ends are skipped, as Go does.
    static func decode(_ text: String) -> [UInt8]? {
        let letters = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
        return Data(base64Encoded: Data(letters)).map(Array.init)
    }
}
