import HTTPTypes
import Hummingbird
import NIOCore
import PreviewCore

extension Request {
    /// The largest body that is read, in bytes: a call names a session and a step.
    static let bodyLimit = 64 << 10

    /// The JSON object of the body.
    ///
    /// - Throws: ``Refusal`` with 415, 413 or 400.
    func object() async throws -> JSONObject {
        let type = headers[.contentType]?.prefix { $0 != ";" }
        guard type?.lowercased() == "application/json" else {
            throw Refusal.badRequest(
                "the body has to be JSON", .unsupportedMediaType,
                fix: "send it with `Content-Type: application/json`")
        }
        let bytes: ByteBuffer
        do {
            bytes = try await body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw Refusal.badRequest(
                "the body is larger than \(Self.bodyLimit >> 10) KiB", .contentTooLarge)
        }
        let value: JSONValue
        do {
            value = try JSONReader.read(Array(bytes.readableBytesView), options: .strict)
        } catch {
            throw Refusal.badRequest("the body is no JSON: \(error.message)")
        }
        guard let object = value.object else {
            throw Refusal.badRequest("the body is no JSON object")
        }
        return object
    }

    /// The parameters of the query, decoded.
    ///
    /// - Throws: ``Refusal`` for a name that comes twice and for what is no UTF-8.
    func query() throws -> [String: String] {
        var values: [String: String] = [:]
        for part in (uri.query ?? "").split(separator: "&") {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(pieces[0]), let value = decoded(pieces.dropFirst().first ?? "")
            else { throw Refusal.badRequest("the query is no percent-encoded UTF-8") }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Refusal.badRequest("a parameter is given twice")
            }
        }
        return values
    }
}

/// A piece of a query without its escapes; `nil` for what is no UTF-8.
private func decoded(_ text: Substring) -> String? {
    var (bytes, rest) = ([UInt8](), text.utf8[...])
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "+"): bytes.append(0x20)
        case UInt8(ascii: "%"):
            guard rest.count >= 2, let value = hexadecimal(rest.prefix(2)) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimal(_ digits: Substring.UTF8View) -> UInt8? {
    guard digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }) else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
}
