import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Digests, keys, identifiers and fingerprints")
struct ValuesDigestTests {
    @Test(
        "SHA-256 of the vectors of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(_ text: String, _ digest: String) {
        #expect(Digest.hex(text.utf8) == digest)
        #expect(Digest.hexadecimal(Digest.sha256(Array(text.utf8))) == digest)
        var hasher = SHA256Hasher()
        for byte in text.utf8 { hasher.update(CollectionOfOne(byte)) }
        #expect(Digest.hexadecimal(hasher.finish()) == digest, "in pieces")
    }

    @Test(
        "SHA-1 of the vectors of FIPS 180-4, for the names that git gives",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            ("blob 0\0", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ])
    func sha1(_ text: String, _ digest: String) {
        #expect(Digest.hexadecimal(Digest.sha1(Array(text.utf8))) == digest)
    }

    @Test("MD5 of the examples in RFC 1321")
    func md5() throws {
        for (text, digest) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ] {
            #expect(try Digest.hexadecimal(#require(Digest.md5(Array(text.utf8)))) == digest)
        }
    }

    @Test("a million letters")
    func long() {
        var hasher = SHA256Hasher()
        for _ in 0..<1000 { hasher.update(repeatElement(UInt8(ascii: "a"), count: 1000)) }
        #expect(
            Digest.hexadecimal(hasher.finish())
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("the slow digest is scrypt with N 8192, r 8, p 1")
    func scrypt() {
        // Computed with Python's hashlib.scrypt(b"value", salt=b"salt", n=8192, r=8, p=1, dklen=32).
        #expect(
            Digest.hexadecimal(Digest.stretched(Array("value".utf8), salt: Array("salt".utf8)))
                == "f6cd57ea0f31ce4afbfb0271f6345aee204e0c83cdc5b909bf6e232d2249d09e")
    }

    @Test("the attempt key: SHA-256 of its parts, base 32, lower case, 16 characters")
    func attemptKey() {
        // printf 'preview-attempt\nL\nmachine\n4' | sha256sum | xxd -r -p | base32, cut to 16.
        #expect(AttemptKey.make(lineage: "L", step: .machine, serial: 4) == "kkvg3znwysuf7f5v")
        var keys: Set<String> = []
        for lineage in ["a", "b"] {
            for step in StepID.allCases {
                for serial in 1...50 {
                    let key = AttemptKey.make(lineage: lineage, step: step, serial: serial)
                    #expect(
                        key.count == 16
                            && key.allSatisfy { "abcdefghijklmnopqrstuvwxyz234567".contains($0) })
                    keys.insert(key)
                }
            }
        }
        #expect(keys.count == 400, "no clock, no random, and no two the same")
    }

    @Test("identifiers are version 4 UUIDs of the given bytes")
    func uuid() {
        #expect(
            Identifier.uuid([UInt8](repeating: 0, count: 16))
                == "00000000-0000-4000-8000-000000000000")
        #expect(
            Identifier.uuid([UInt8](repeating: 255, count: 16))
                == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(Identifier.uuid((0..<16).map { $0 }) == "00010203-0405-4607-8809-0a0b0c0d0e0f")
    }

    private func fingerprint(
        _ values: [String: String], names: [String]? = nil, salt: String = "00",
        recorded: SecretsFingerprint? = nil
    ) -> SecretsFingerprint {
        SecretsFingerprint.make(
            names: names ?? values.keys.sorted(), values: values, salt: salt, recorded: recorded)
    }

    @Test("a fingerprint shows which secret changed, and nothing of its value")
    func changes() {
        let first = fingerprint(["A": "one", "B": "two"])
        let second = fingerprint(["A": "one", "B": "three"], recorded: first)
        #expect(first.digests["A"] == second.digests["A"])
        #expect(first.digests["B"] != second.digests["B"] && first.joint != second.joint)
        #expect(
            first.digests.values.allSatisfy { $0.hasPrefix("scrypt:8192:8:1:") && $0.count == 80 })
    }

    @Test("equal values of two names, or of two previews, have nothing in common")
    func salted() {
        let first = fingerprint(["A": "same", "B": "same"])
        #expect(first.digests["A"] != first.digests["B"])
        #expect(first.digests["A"] != fingerprint(["A": "same"], salt: "01").digests["A"])
    }

    @Test("unchanged secrets are derived once: the recorded digests are taken over")
    func unchanged() {
        var recorded = fingerprint(["A": "one", "B": "two"])
        recorded.digests["A"] = "as recorded"
        #expect(fingerprint(["B": "two", "A": "one"], recorded: recorded) == recorded)
    }

    @Test("an unavailable secret keeps its digest; a new one without value has none")
    func unavailable() {
        let recorded = fingerprint(["A": "one", "B": "two"])
        #expect(fingerprint(["A": "one"], names: ["A", "B"], recorded: recorded) == recorded)
        let changed = fingerprint(["A": "other"], names: ["A", "B"], recorded: recorded)
        #expect(changed.digests["B"] == recorded.digests["B"] && changed.joint == nil)
        let added = fingerprint(
            ["A": "one", "B": "two"], names: ["A", "B", "C"], recorded: recorded)
        #expect(added.digests["C"] == nil && added.digests.count == 2 && added.joint == nil)
        #expect(fingerprint([:], names: []) == SecretsFingerprint())
    }

    @Test("names and values cannot be shifted into each other")
    func framing() {
        let first = fingerprint(["A": "bc", "D": "e"])
        for other in [["Ab": "c", "D": "e"], ["A": "bcD", "De": ""], ["A": "b", "D": "ce"]] {
            #expect(fingerprint(other).joint != first.joint)
        }
    }

    @Test("events and errors: stable words, unique codes")
    func stableWords() {
        #expect(Set(ErrorCode.allCases.map(\.rawValue)).count == ErrorCode.allCases.count)
        #expect(ErrorCode.allCases.allSatisfy { $0.rawValue.wholeMatch(of: /PV0[0-9]{3}/) != nil })
        #expect(
            Event.Kind.allCases.map(\.rawValue).prefix(4)
                == ["run_begin", "session", "step_begin", "phase_begin"])
        let codes: [(Failure.Kind, Int32)] = [
            (.failed, 1), (.notApproved, 3), (.stalePlan, 4), (.locked, 5), (.refused, 6),
            (.stateNeedsRecovery, 7), (.authentication, 8), (.timedOut, 9), (.leftovers, 10),
            (.usage, 64), (.invalidConfig, 65), (.interrupted(signal: 1), 129),
            (.interrupted(signal: 2), 130), (.interrupted(signal: 15), 143),
        ]
        for (kind, code) in codes { #expect(kind.exitCode == code) }
    }
}
