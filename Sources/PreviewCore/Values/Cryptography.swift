import CCrypto

/// Digests by OpenSSL's libcrypto, which libcurl brings along in any case (decision 0003).
package enum Digest {
    /// SHA-256 of the bytes, 32 bytes long.
    package static func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// SHA-256 of the bytes as 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: some Collection<UInt8>) -> String {
        hexadecimal(sha256(bytes))
    }

    /// SHA-1 of the bytes, 20 bytes long: git names objects so. Never for what somebody could forge.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        let done = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha1(), nil)
        precondition(done == 1, "libcrypto has no SHA-1")
        return digest
    }

    /// MD5 of the bytes, 16 bytes long, against accidents on the way only; `nil` where the machine's rules
    /// (FIPS) forbid it.
    package static func md5(_ bytes: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 16)
        let done = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil)
        return done == 1 ? digest : nil
    }

    /// Lower-case hexadecimal digits of the bytes.
    package static func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// A digest that is slow to guess: scrypt with N 8192, r 8, p 1 (ENGINE section 7), 32 bytes.
    package static func stretched(_ secret: [UInt8], salt: [UInt8]) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 32)
        let done = secret.withUnsafeBytes { secret in
            EVP_PBE_scrypt(
                secret.baseAddress?.assumingMemoryBound(to: CChar.self), secret.count,
                salt, salt.count, 8192, 8, 1, 64 << 20, &key, key.count)
        }
        precondition(done == 1, "libcrypto refuses parameters that are constants of this program")
        return key
    }
}

/// SHA-256 of bytes that come in pieces.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    /// Begins an empty digest.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        else { preconditionFailure("libcrypto has no SHA-256") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let contiguous: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            _ = EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        if contiguous == nil { update(Array(bytes)) }
    }

    /// The digest of everything added, 32 bytes; nothing may be added afterwards.
    package mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_DigestFinal_ex(context, &digest, nil)
        return digest
    }
}

/// AES-256-GCM by OpenSSL's libcrypto (decision 0003): what is sealed can neither be read nor
/// changed without the key.
package enum AuthenticatedCipher {
    /// Bytes of a key.
    package static let keyLength = 32
    /// Bytes of a nonce, which must never be used twice with one key: take random ones.
    package static let nonceLength = 12
    private static let tagLength = 16

    /// Seals a text: as many bytes as it has, and 16 by which a change is noticed.
    ///
    /// `context`: not stored, but needed to open: it ties the text to its place.
    package static func seal(
        _ text: [UInt8], key: [UInt8], nonce: [UInt8], context: [UInt8]
    ) -> [UInt8] {
        precondition(key.count == keyLength && nonce.count == nonceLength)
        let cipher = begin(key: key, nonce: nonce, context: context, seals: true)
        defer { EVP_CIPHER_CTX_free(cipher) }
        var sealed = [UInt8](repeating: 0, count: text.count)
        var tag = [UInt8](repeating: 0, count: tagLength)
        var count: Int32 = 0
        let isDone =
            EVP_EncryptUpdate(cipher, &sealed, &count, text, Int32(text.count)) == 1
            && EVP_EncryptFinal_ex(cipher, nil, &count) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, Int32(tagLength), &tag) == 1
        precondition(isDone, "libcrypto cannot seal \(text.count) bytes")
        return sealed + tag
    }

    /// Opens what was sealed; `nil` with another key or context, and for bytes that were changed.
    package static func open(
        _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], context: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= tagLength, key.count == keyLength, nonce.count == nonceLength
        else { return nil }
        let cipher = begin(key: key, nonce: nonce, context: context, seals: false)
        defer { EVP_CIPHER_CTX_free(cipher) }
        var tag = Array(sealed.suffix(tagLength))
        let body = Array(sealed.dropLast(tagLength))
        var text = [UInt8](repeating: 0, count: body.count)
        var count: Int32 = 0
        let isGenuine =
            EVP_DecryptUpdate(cipher, &text, &count, body, Int32(body.count)) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, Int32(tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(cipher, nil, &count) == 1
        return isGenuine ? text : nil
    }

    private static func begin(
        key: [UInt8], nonce: [UInt8], context: [UInt8], seals: Bool
    ) -> OpaquePointer {
        var count: Int32 = 0
        guard let cipher = EVP_CIPHER_CTX_new(),
            EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce, seals ? 1 : 0) == 1,
            EVP_CipherUpdate(cipher, nil, &count, context, Int32(context.count)) == 1
        else { preconditionFailure("libcrypto has no AES-256-GCM") }
        return cipher
    }
}
