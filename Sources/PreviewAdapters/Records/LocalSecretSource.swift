package import PreviewCore
import PreviewSystem

/// Finds secret values in the environment, in `.env`, or in files.
package struct LocalSecretSource: SecretSource {
    private let environment: [String: String]
    private let dotenv: [String: String]
    private let base: String
    private let home: String?

    /// The longest secret that is read from a file, in bytes.
    private static let largest = 1 << 20

    /// `dotenv`: the variables of the `.env` file; the environment goes before them.
    /// `base`: the folder that relative paths start from.
    package init(
        environment: [String: String], dotenv: [String: String], base: String, home: String?
    ) {
        self.environment = environment
        self.dotenv = dotenv
        self.base = base
        self.home = home
    }

    package func value(of reference: SecretReference) throws -> String? {
        switch reference.source {
        case .environment(let name):
            let value = environment[name] ?? dotenv[name]
            return value?.isEmpty == true ? nil : value
        case .file(let path): return try read(path, for: reference.name)
        }
    }

    private func read(_ path: String, for name: String) throws -> String? {
        var full = path
        if path.hasPrefix("~/"), let home { full = home + path.dropFirst() }
        if !full.hasPrefix("/") { full = base + "/" + full }
        let parts = full.split(separator: "/")
        guard let last = parts.last else { return nil }
        let parent = "/" + parts.dropLast().joined(separator: "/")
        do throws(FileFailure) {
            let bytes = try Folder.open(parent, ownedBy: .any)
                .read(String(last), limit: Self.largest)
            return bytes.map { withoutFinalNewline(String(decoding: $0, as: UTF8.self)) }
        } catch {
            if error.cause == .notFound { return nil }
            throw Failure(
                .secretMissing, "the secret `\(name)` cannot be read: \(error.description)",
                fix: "make the file readable, or correct `from:` in preview.yaml")
        }
    }

    private func withoutFinalNewline(_ text: String) -> String {
        text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

/// Reads `.env` files: `NAME=value` lines, as the tools that made them popular write them.
package enum DotenvFile {
    /// Why a line cannot be read; lines count from 1.
    package struct Problem: Error, Hashable, Sendable {
        /// Of the file, where the variable begins.
        package var line: Int
        /// What is wrong with it; no value is in it.
        package var message: String
    }

    /// The variables of a file. Later lines win; `export ` before a name is allowed; values in single
    /// quotes are literal, in double quotes `\n`, `\"` and `\\` are escapes and lines may follow.
    package static func parse(_ text: String) throws(Problem) -> [String: String] {
        var values: [String: String] = [:]
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasSuffix("\r") ? $0.dropLast() : $0 }[...]
        var number = 0
        while let raw = lines.popFirst() {
            number += 1
            var line = raw.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.first == "#" { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7) }
            guard let equals = line.firstIndex(of: "=") else {
                throw Problem(line: number, message: "expected NAME=value")
            }
            let name = line[..<equals].trimmed
            guard isName(name) else {
                throw Problem(line: number, message: "not the name of a variable")
            }
            let start = number
            var rest = line[line.index(after: equals)...].drop { $0 == " " || $0 == "\t" }
            if rest.first == "\"" {
                while closing(of: rest) == nil, let next = lines.popFirst() {
                    number += 1
                    rest += "\n" + next
                }
            }
            guard let value = value(of: rest) else {
                throw Problem(line: start, message: "the quotes are not closed")
            }
            values[String(name)] = value
        }
        return values
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// The index of the quote that closes a value in double quotes.
    private static func closing(of text: Substring) -> Substring.Index? {
        var isEscaped = false
        for index in text.indices.dropFirst() {
            if isEscaped {
                isEscaped = false
            } else if text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "\"" {
                return index
            }
        }
        return nil
    }

    private static func value(of text: Substring) -> String? {
        switch text.first {
        case "'":
            guard let end = text.dropFirst().firstIndex(of: "'") else { return nil }
            return String(text[text.index(after: text.startIndex)..<end])
        case "\"":
            guard let end = closing(of: text) else { return nil }
            return unescaped(text[text.index(after: text.startIndex)..<end])
        default:
            var plain = text
            if let comment = text.indices.first(where: { index in
                text[index] == "#" && index > text.startIndex
                    && text[text.index(before: index)].isWhitespace
            }) {
                plain = text[..<comment]
            }
            return String(plain.trimmed)
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var (result, isEscaped) = ("", false)
        for character in text {
            if isEscaped {
                switch character {
                case "n": result.append("\n")
                case "r": result.append("\r")
                case "t": result.append("\t")
                default: result.append(character)
                }
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
