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
