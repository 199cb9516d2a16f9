import PreviewCore

/// Numbers that look random and are the same in every run (SplitMix64).
struct RepeatableNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Documents that are nearly right, of whose values the parser and the schema must think alike.
///
/// They hold nothing that only the program can refuse: no variables that are well formed, and no
/// name in two places.
struct ConfigGenerator {
    private var numbers: RepeatableNumbers

    init(seed: UInt64) { numbers = RepeatableNumbers(seed: seed) }

    /// A document with `repo` and up to three further keys.
    mutating func document() -> JSONValue {
        var document = JSONObject()
        document["repo"] = chance(2) ? "acme/shop" : repository()
        for _ in 0..<Int.random(in: 0...3, using: &numbers) {
            let key = ConfigKey.keys(in: "").filter { $0.name != "repo" }
            guard let key = key.randomElement(using: &numbers) else { continue }
            document[key.name] = value(of: key.path)
        }
        return .object(document)
    }

    private mutating func value(of path: String) -> JSONValue {
        if chance(25) { return anything() }
        switch path {
        case "env": return environment()
        case "secrets": return .array([secret("A"), secret("B"), "C"].shuffled(using: &numbers))
        case "steps": return section(["1", "2", "3", "4", "5"]) { _ in "steps.N" }
        case "resources": return resources()
        case "region": return chance(2) ? text(near: Self.words["region"] ?? []) : regions()
        default: break
        }
        let keys = ConfigKey.keys(in: path)
        guard keys.isEmpty else { return section(keys.map(\.name)) { "\(path).\($0)" } }
        return leaf(path)
    }

    private mutating func section(_ names: [String], path: (String) -> String) -> JSONValue {
        var section = JSONObject()
        for _ in 0..<Int.random(in: 0...4, using: &numbers) {
            guard let name = names.randomElement(using: &numbers) else { continue }
            section[name] = value(of: path(name))
        }
        return .object(section)
    }

    private mutating func leaf(_ path: String) -> JSONValue {
        let words = Self.words[path] ?? []
        if chance(3) { return number() }
        return text(near: words + ["x"])
    }

    private mutating func environment() -> JSONValue {
        var section = JSONObject()
        for name in ["X", "_y9", "9", "", "A-B", "é"] where chance(3) {
            section[name] = chance(3) ? anything() : text(near: ["value"])
        }
        return .object(section)
    }

    private mutating func secret(_ name: String) -> JSONValue {
        guard chance(2) else { return .string(name) }
        var secret: JSONObject = JSONObject()
        if !chance(5) { secret["name"] = .string(name) }
        if chance(2) { secret["from"] = text(near: ["env:NAME", "file:~/.x"]) }
        if chance(10) { secret["form"] = "x" }
        return .object(secret)
    }

    private mutating func regions() -> JSONValue {
        let count = Int.random(in: 0...3, using: &numbers)
        return .array((0..<count).map { _ in text(near: ["dfw", "ams", "sea", "ord"]) })
    }

    private mutating func resources() -> JSONValue {
        var section = JSONObject()
        let size = Self.words["resources.size"]?.randomElement(using: &numbers)
        if chance(2) { section["size"] = .string(size ?? "") }
        if chance(2) {
            section["cpu"] = .int([1, 2, 3, 4, 8, 16].randomElement(using: &numbers) ?? 1)
        }
        let amount =
            [256, 512, 1000, 1024, 2048, 3072, 4096, 6144, 8192, 32768, 131072]
            .randomElement(using: &numbers) ?? 0
        let forms: [JSONValue] = [
            .int(amount), .string("\(amount)"), .string("\(amount)mb"),
            .string("\(amount / 1024)gb"),
            .number("\(amount).0"), text(near: ["1gb"]),
        ]
        if chance(2) { section["memory"] = forms.randomElement(using: &numbers) }
        return .object(section)
    }

    // MARK: Values

    private mutating func anything() -> JSONValue {
        [.null, true, [], [:], .string(noise()), number(), ["x"], ["a": "b"]]
            .randomElement(using: &numbers) ?? .null
    }

    private mutating func number() -> JSONValue {
        [
            "0", "1", "2", "3", "-1", "20", "21", "3000", "65535", "65536", "1.0", "1.5", "1e3",
            "1e400",
        ]
        .randomElement(using: &numbers)
        .map { $0 == "1e400" ? .number("1e300") : .number($0) } ?? 0
    }

    /// One of the words, whole or with a few characters changed.
    private mutating func text(near words: [String]) -> JSONValue {
        let word = words.randomElement(using: &numbers) ?? ""
        return .string(chance(2) ? word : changed(word))
    }

    private mutating func changed(_ word: String) -> String {
        var scalars = Array(word.unicodeScalars)
        for _ in 0..<Int.random(in: 1...3, using: &numbers) {
            let place = Int.random(in: 0...scalars.count, using: &numbers)
            let new = Self.alphabet.randomElement(using: &numbers) ?? "a"
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0 where place < scalars.count: scalars.remove(at: place)
            case 1 where place < scalars.count: scalars[place] = new
            default: scalars.insert(new, at: place)
            }
        }
        return withoutReferences(scalars)
    }

    private mutating func noise() -> String {
        let count = Int.random(in: 0...12, using: &numbers)
        return withoutReferences(
            (0..<count).map { _ in Self.alphabet.randomElement(using: &numbers) ?? "a" }
        )
    }

    /// What a variable turns out to be is the program's alone, so `${A}` is made malformed.
    private func withoutReferences(_ scalars: [Unicode.Scalar]) -> String {
        var result = String.UnicodeScalarView()
        for scalar in scalars {
            if scalar == "}", result.contains("{"), result.contains("$") { continue }
            result.append(scalar)
        }
        return String(result)
    }

    private mutating func repository() -> JSONValue { text(near: Self.repositories) }

    private mutating func chance(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &numbers) == 0
    }

    private static let alphabet = Array(
        "aZ09-_./\\:@~^?*[]{$%#! \n\t+,;=\u{0}\u{1b}\u{7f}\u{85}\u{a0}\u{ad}\u{301}é日\u{200b}\u{2028}😀"
            .unicodeScalars
    )

    private static let repositories = [
        "https://github.com/acme/shop", "https://u:p@git.example.com:8443/a/b/c.git", "a/b.git",
        "ssh://git@host.example:22/acme/shop", "git@host.example:acme/shop",
        "git://h/a%20b/c%C3%A9",
        "git@[::1]:a/b", "https://[::1]:80/@a/b", "file:///srv/git/x%2Fy", "./a/b", "~/a", "..",
        "host:a/b", "git:pw@[::1]:x", "https://h/a%E2%80%8Bb/c", "https://h/%2e%2e/c", "/srv/a b",
    ]

    private static let words: [String: [String]] = [
        "name": ["shop", "My Shop"],
        "branch": ["main", "current", "feature/a.b", "HEAD", "a.lock"],
        "path": ["apps/web", "./a/../b", "/a", ".."], "provider": ["fly", "local"],
        "region": ["dfw", "sea", "Dallas"],
        "resources.size": ["shared-cpu-1x", "shared-cpu-2x", "performance-2x", "performance-16x"],
        "run.mode": ["dev", "production"], "run.image": ["node:22", "a/b@sha256:0"],
        "run.start": ["npm start", " "], "health.path": ["/", "/a?b", "//"],
        "health.timeout": ["90s", "0s", "5m"], "lifecycle.idle_timeout": ["never", "1h", "0h"],
        "lifecycle.ttl": ["never", "7d"], "timeouts.clone": ["2m", "000001s"],
        "timeouts.install": ["never", "1234567s"], "retries.backoff": ["0s", "1s"],
        "state.store": ["file", "s3", "http", "postgres"], "state.bucket": ["abc", "a-b.c_d"],
        "state.region": ["eu-west-1"], "state.endpoint": ["http://127.0.0.1:9000/x"],
        "state.encryption": ["AES256", "aws:kms"], "state.address": ["https://h/{app}/x"],
        "state.lock_address": ["https://[::1]/l"], "state.unlock_address": ["http://h"],
        "state.url": ["postgres://h/d", "postgresql://h"], "state.schema": ["public"],
        "state.encrypt.key": ["env:KEY", "file:/k"], "state.username": ["ci", "a:b"],
    ]
}
