import CCrypto

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
