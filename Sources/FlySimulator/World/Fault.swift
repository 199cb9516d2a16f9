import PreviewCore

/// A rule by which some requests go wrong.
package struct Fault: Hashable, Sendable {
    /// Whether the request has had its effect when it goes wrong.
    package enum Occasion: String, Sendable {
        /// Nothing was done, and nothing will be.
        case before
        /// It was done, and the client does not learn it as it should.
        case after
    }

    /// What goes wrong.
    package enum Effect: Hashable, Sendable {
        /// Another answer comes.
        case answer(status: Int, body: String)
        /// It takes longer; otherwise all is well.
        case delay(Duration)
        /// The connection is closed without an answer.
        case drop
        /// Nothing comes, and the connection stays open.
        case hang
        /// The answer ends after so many bytes of its body. Always after the effect.
        case cut(bytes: Int)
        /// The answer has this body in place of its own. Always after the effect.
        case garble(body: String)
        /// The body comes in pieces, one each interval of real time. Always after the effect.
        case drip(bytes: Int, every: Duration)
    }

    /// The method; nil for any.
    package var method: String?
    /// The path without query, in which `*` stands for any part of one segment and `**` for
    /// anything; nil for any.
    package var path: String?
    /// The first matching request that goes wrong, counted from 1 since the rule was made.
    package var nth: Int
    /// How many go wrong from there on; nil for all.
    package var count: Int?
    /// Before or after the effect of the request.
    package var occasion: Occasion
    /// What goes wrong.
    package var effect: Effect

    /// A rule for one request, the next one that matches, unless said otherwise.
    package init(
        _ effect: Effect, _ occasion: Occasion = .before, method: String? = nil,
        path: String? = nil, nth: Int = 1, count: Int? = 1
    ) {
        self.effect = effect
        self.occasion = occasion
        self.method = method
        self.path = path
        self.nth = nth
        self.count = count
    }

    func matches(_ request: APIRequest) -> Bool {
        (method == nil || method == request.method)
            && path.map { Self.matches($0.utf8[...], request.path.utf8[...]) } != false
    }

    private static func matches(
        _ pattern: Substring.UTF8View, _ text: Substring.UTF8View
    ) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let star = UInt8(ascii: "*")
        if first != star {
            return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
        }
        let isDouble = pattern.dropFirst().first == star
        let rest = pattern.dropFirst(isDouble ? 2 : 1)
        var tail = text
        while true {
            if matches(rest, tail) { return true }
            guard let next = tail.popFirst(), isDouble || next != UInt8(ascii: "/") else {
                return false
            }
        }
    }
}

/// The rules in force and how often each was met.
struct FaultRules: Sendable {
    private(set) var rules: [(fault: Fault, met: Int)] = []

    mutating func add(_ fault: Fault) {
        rules.append((fault, 0))
    }

    mutating func removeAll() {
        rules = []
    }

    /// The rules by which this request goes wrong; counts it.
    mutating func hits(_ request: APIRequest) -> [Fault] {
        var hits: [Fault] = []
        for index in rules.indices where rules[index].fault.matches(request) {
            rules[index].met += 1
            let (fault, met) = rules[index]
            let isOver = fault.count.map { met >= fault.nth + $0 } ?? false
            if met >= fault.nth, !isOver { hits.append(fault) }
        }
        return hits
    }
}

extension Fault {
    /// Reads a rule as `POST /_sim/faults` takes it; nil for one that makes no sense.
    init?(json: JSONValue) {
        guard let kind = json["effect"]?.string,
            let occasion = Occasion(rawValue: json.given("when")?.string ?? "before"),
            let effect = Self.effect(kind, json)
        else { return nil }
        let count = json["count"] == nil ? 1 : json["count"]?.int
        self.init(
            effect, occasion, method: json.given("method")?.string,
            path: json.given("path")?.string, nth: json.given("nth")?.int ?? 1, count: count)
    }

    private static func effect(_ kind: String, _ json: JSONValue) -> Effect? {
        let pause = Duration.milliseconds(json.given("milliseconds")?.int ?? 100)
        let bytes = json.given("bytes")?.int ?? 16
        switch kind {
        case "status":
            guard let status = json.given("status")?.int, (100...599).contains(status) else {
                return nil
            }
            return .answer(status: status, body: json.given("body")?.string ?? "")
        case "delay": return .delay(pause)
        case "drop": return .drop
        case "hang": return .hang
        case "cut": return .cut(bytes: bytes)
        case "garble": return .garble(body: json.given("body")?.string ?? "<html>")
        case "drip": return .drip(bytes: max(bytes, 1), every: pause)
        default: return nil
        }
    }

    /// The rule in the form in which it is read.
    func json(met: Int) -> JSONValue {
        var members: [(String, JSONValue?)] = [
            ("method", JSONValue(method)), ("path", JSONValue(path)), ("nth", .int(nth)),
            ("count", count.map(JSONValue.int) ?? .null), ("when", .string(occasion.rawValue)),
            ("met", .int(met)),
        ]
        func milliseconds(_ duration: Duration) -> JSONValue {
            .int(Int(duration.nanoseconds / 1_000_000))
        }
        switch effect {
        case .answer(let status, let body):
            members += [
                ("effect", "status"), ("status", .int(status)), ("body", .string(body)),
            ]
        case .delay(let pause):
            members += [("effect", "delay"), ("milliseconds", milliseconds(pause))]
        case .drop: members += [("effect", "drop")]
        case .hang: members += [("effect", "hang")]
        case .cut(let bytes): members += [("effect", "cut"), ("bytes", .int(bytes))]
        case .garble(let body): members += [("effect", "garble"), ("body", .string(body))]
        case .drip(let bytes, let pause):
            members += [
                ("effect", "drip"), ("bytes", .int(bytes)),
                ("milliseconds", milliseconds(pause)),
            ]
        }
        return .object(members)
    }
}
