/// One thing that is wrong with a configuration file: where, what, and what to write instead.
package struct ConfigProblem: Hashable, Sendable {
    /// The file as the user named it.
    package var file: String
    /// What kind of problem it is.
    package var code: ErrorCode
    /// The first character concerned.
    package var mark: Mark
    /// What is wrong, in one sentence without a full stop.
    package var message: String
    /// What would be right.
    package var expected: String?
    /// The nearest valid word, for what looks like a slip.
    package var suggestion: Suggestion?
    /// The line that holds the character, where there is one to show.
    var excerpt: SourceExcerpt?

    /// A word that may have been meant.
    package struct Suggestion: Hashable, Sendable {
        /// What to write, exactly.
        package var word: String
        /// What the word stands for, such as the city of a region.
        package var note: String?

        /// A word, with what it stands for where that needs saying.
        package init(_ word: String, note: String? = nil) {
            self.word = word
            self.note = note
        }
    }

    /// The problem for people: place, code and message, the line, a caret, and the way out (SPEC
    /// section 3). Safe to print whatever the file holds; without a final newline.
    package var rendered: String {
        let place = "\(DisplayText.harmless(file)):\(mark.line):\(mark.column)"
        let heading = "\(place): error[\(code.rawValue)]: \(message)"
        let advice = advice
        guard let excerpt else { return heading + (advice.map { "\n  \($0)" } ?? "") }
        let number = String(mark.line)
        let margin = String(repeating: " ", count: number.utf8.count)
        let pointer = excerpt.pointer + (advice.map { " \($0)" } ?? "")
        let line = excerpt.line.isEmpty ? "|" : "| \(excerpt.line)"
        return "\(heading)\n  \(number) \(line)\n  \(margin) | \(pointer)"
    }

    private var advice: String? {
        guard let suggestion else { return expected.map { "expected \($0)" } }
        let note = suggestion.note.map { " (\($0))" } ?? ""
        return "did you mean `\(suggestion.word)`\(note)?"
    }

    /// The form of `preview validate --json` (SPEC section 3); `null` for what is not known.
    package var json: JSONValue {
        [
            "file": .string(file), "line": .int(mark.line), "column": .int(mark.column),
            "message": .string(message), "expected": JSONValue(expected),
            "suggestion": JSONValue(suggestion?.word),
        ]
    }
}

/// Everything that is wrong with a configuration file.
package struct ConfigProblems: Error, Hashable, Sendable {
    /// Never empty, in file order.
    package let problems: [ConfigProblem]

    /// All problems for people, in file order, without a final newline.
    package var rendered: String { problems.map(\.rendered).joined(separator: "\n") }

    /// What `preview validate --json` prints.
    package var json: JSONValue { ["problems": .array(problems.map(\.json))] }
}
