import PreviewCore

/// One part of a path or query with everything escaped that is not unreserved (RFC 3986, section 2.3); also the
/// slashes of a branch.
func escaped(_ text: String) -> String {
    var result: [UInt8] = []
    for byte in text.utf8 {
        let letter = UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80
        let isPlain =
            letter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "-._~".utf8.contains(byte)
        result += isPlain ? [byte] : Array("%\(Digest.hexadecimal([byte]).uppercased())".utf8)
    }
    return String(decoding: result, as: UTF8.self)
}
