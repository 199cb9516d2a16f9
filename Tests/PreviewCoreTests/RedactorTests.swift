import PreviewCore
import Testing

@Suite("Redactor")
struct RedactorTests {
    private let redactor = Redactor(["p@ss \"word\"/+ü", "abc", "token-123456"])

    @Test(
        "R-23: a value is replaced in every spelling",
        arguments: [
            "p@ss \"word\"/+ü", #"p@ss \"word\"/+ü"#, #"p@ss \"word\"\/+ü"#,
            "p%40ss%20%22word%22%2F%2B%C3%BC", "p%40ss%20%22word%22%2f%2b%c3%bc",
            "p%40ss+%22word%22%2F%2B%C3%BC", "p%40ss%20%22word%22/%2B%C3%BC",
            "p@ss%20%22word%22/+%C3%BC", "token-123456", "746f6b656e2d313233343536",
            "746F6B656E2D313233343536",
        ]
    )
    func spellings(_ spelling: String) {
        #expect(redactor.redact("a \(spelling) b") == "a *** b")
    }

    @Test(
        "base64 is found whatever stands before and behind the value",
        arguments: [
            "token-123456", "xtoken-123456", "xxtoken-123456yy", "user:token-123456y",
        ]
    )
    func base64(_ text: String) {
        let encoded = encode(Array(text.utf8))
        let redacted = redactor.redact(encoded)
        #expect(redacted.contains("***"))
        #expect(redacted.count <= 3 + 12, "\(encoded) became \(redacted)")
    }

    @Test("short values and other text stay as they are")
    func shortValues() {
        #expect(redactor.redact("abc token-12345 xyz") == "abc token-12345 xyz")
        #expect(Redactor([]).redact("token-123456") == "token-123456")
    }

    @Test("a value is found wherever the bytes are cut")
    func pieces() {
        let text = Array("aa token-123456 token-1 token-123456".utf8)
        for size in 1...text.count {
            var stream = redactor.makeStream()
            var result: [UInt8] = []
            for start in stride(from: 0, to: text.count, by: size) {
                result += stream.add(Array(text[start..<min(start + size, text.count)]))
            }
            result += stream.finish()
            #expect(String(decoding: result, as: UTF8.self) == "aa *** token-1 ***")
        }
    }

    @Test("only what may become a value is held back")
    func heldBack() {
        var stream = redactor.makeStream()
        #expect(stream.add(Array("line\ntoken-".utf8)) == Array("line\n".utf8))
        #expect(stream.add(Array("12x".utf8)) == Array("token-12x".utf8))
    }

    @Test("of two values that begin alike the longer one wins")
    func longest() {
        let redactor = Redactor(["secret", "secret-long"])
        #expect(redactor.redact("secret-long secret-lo") == "*** ***-lo")
    }

    private func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let padded = group + [UInt8](repeating: 0, count: 3 - group.count)
            let word = padded.reduce(0) { $0 << 8 | Int($1) }
            for index in 0..<4 {
                result.append(index <= group.count ? alphabet[word >> (18 - 6 * index) & 63] : "=")
            }
        }
        return result
    }
}
