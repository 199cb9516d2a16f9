/// `${VAR}`, `${VAR:-default}` and `$$` in text (SPEC section 2). A dollar before anything else
/// stays, so that shell lines keep their `$PORT`.
struct Interpolation {
    /// The text with everything filled in that could be.
    private(set) var text: String
    /// What could not, in order.
    private(set) var faults: [Fault] = []

    /// A reference that gives no value.
    struct Fault: Hashable, Sendable {
        enum Cause: Hashable, Sendable {
            /// The variable is not set and has no default.
            case unset(String)
            /// This is no reference.
            case malformed
        }

        var cause: Cause
        /// The reference as written.
        var reference: String
        /// How many characters (Unicode scalars) stand before it.
        var offset: Int
    }

    /// Whether a text has anything to fill in or to unfold.
    static func concerns(_ text: String) -> Bool { text.utf8.contains(dollar) }

    private static let dollar = UInt8(ascii: "$")
    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")

    /// Fills in a text. A variable that is set to nothing counts as unset for `:-`, as in a shell.
    init(_ source: String, environment: (String) -> String?) {
        guard Self.concerns(source) else {
            text = source
            return
        }
        let bytes = Array(source.utf8)
        var (result, index) = ([UInt8](), 0)
        while index < bytes.count {
            guard bytes[index] == Self.dollar, index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case Self.dollar:
                result.append(Self.dollar)
                index += 2
            case Self.open:
                let end = bytes[index...].firstIndex(of: Self.close).map { $0 + 1 } ?? bytes.count
                switch Self.value(of: bytes[index..<end], environment) {
                case .success(let value): result += value
                case .failure(let cause): faults.append(Fault(cause.cause, bytes, index..<end))
                }
                index = end
            default:
                result.append(Self.dollar)
                index += 1
            }
        }
        text = String(decoding: result, as: UTF8.self)
    }

    private struct NoValue: Error { var cause: Fault.Cause }

    /// The value of a reference, which begins with `${` and ends behind the next `}` if there is one.
    private static func value(
        of reference: ArraySlice<UInt8>,
        _ environment: (String) -> String?
    ) -> Result<[UInt8], NoValue> {
        let malformed = Result<[UInt8], NoValue>.failure(NoValue(cause: .malformed))
        guard reference.last == close else { return malformed }
        let inside = reference.dropFirst(2).dropLast()
        let name = inside.prefix(while: VariableName.isPart)
        guard VariableName.isValid(name) else { return malformed }
        let variable = String(decoding: name, as: UTF8.self)
        let rest = inside.dropFirst(name.count)
        guard !rest.isEmpty else {
            guard let value = environment(variable) else {
                return .failure(NoValue(cause: .unset(variable)))
            }
            return .success(Array(value.utf8))
        }
        guard rest.starts(with: ":-".utf8), let fallback = unfolded(rest.dropFirst(2)) else {
            return malformed
        }
        let value = environment(variable) ?? ""
        return .success(value.isEmpty ? fallback : Array(value.utf8))
    }

    /// A default with `$$` as a dollar; `nil` when it holds a reference itself.
    private static func unfolded(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var (result, rest) = ([UInt8](), bytes)
        while let byte = rest.popFirst() {
            result.append(byte)
            guard byte == dollar else { continue }
            if rest.first == open { return nil }
            if rest.first == dollar { rest.removeFirst() }
        }
        return result
    }
}

extension Interpolation.Fault {
    fileprivate init(_ cause: Cause, _ bytes: [UInt8], _ range: Range<Int>) {
        self.cause = cause
        reference = String(decoding: bytes[range], as: UTF8.self)
        offset = bytes[..<range.lowerBound].count { $0 & 0xC0 != 0x80 }
    }
}

/// The names of environment variables that every shell takes (POSIX, section 8.1).
enum VariableName {
    /// The same rule as a regular expression, without anchors.
    static let pattern = "[A-Za-z_][A-Za-z0-9_]*"

    /// Whether a name is letters, digits and `_`, not beginning with a digit.
    static func isValid(_ name: some Collection<UInt8>) -> Bool {
        guard let first = name.first else { return false }
        return name.allSatisfy(isPart) && !(0x30...0x39).contains(first)
    }

    static func isPart(_ byte: UInt8) -> Bool {
        byte.isASCIIAlphanumeric || byte == UInt8(ascii: "_")
    }
}
