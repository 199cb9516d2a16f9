/// The part of a file that a `Range` field asks for (RFC 9110 section 14).
enum ByteRange: Hashable {
    /// All of it: no field, several ranges at once, or a form that may be ignored.
    case whole
    case part(Range<Int>)
    /// Nothing of the file is in the range: status 416.
    case unsatisfiable

    /// Reads a field for a file of `length` bytes.
    init(_ field: String?, length: Int) {
        guard let field, field.lowercased().hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let ends = field.dropFirst("bytes=".count)
            .split(separator: "-", omittingEmptySubsequences: false).map { $0.withoutOuterSpaces() }
        guard ends.count == 2, !(ends[0].isEmpty && ends[1].isEmpty),
            ends.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) })
        else {
            self = .whole
            return
        }
        // A number beyond Int is beyond every file as well.
        let (first, last) = (Int(ends[0]), Int(ends[1]) ?? Int.max)
        if ends[0].isEmpty {
            self = last == 0 || length == 0 ? .unsatisfiable : .part(max(0, length - last)..<length)
        } else if !ends[1].isEmpty, last < first ?? Int.max {
            self = .whole
        } else if let first, first < length {
            let end = ends[1].isEmpty ? length : min(length, last == Int.max ? length : last + 1)
            self = .part(first..<end)
        } else {
            self = .unsatisfiable
        }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
