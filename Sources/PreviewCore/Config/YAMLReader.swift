import CLibYAML

/// Reads YAML with libyaml, as the one document a file may hold, keeping every value's place.
///
/// libyaml reads YAML 1.1. Where 1.2 differs, 1.2 holds: types come from ``YAMLScalar``, and the
/// three characters that only 1.1 takes for line breaks are refused instead of being folded.
/// Nothing here recurses, so no document can exhaust the stack.
package enum YAMLReader {
    /// The root value, or `nil` for a document without any.
    ///
    /// - Throws: the first thing that is wrong with the document.
    package static func read(
        _ bytes: [UInt8],
        limits: YAMLLimits = .config
    ) throws(YAMLFailure) -> YAMLNode? {
        let document = try document(bytes, limits: limits)
        if let first = document.problems.first { throw first }
        return document.root
    }

    /// Like ``read(_:limits:)``, but goes on after what leaves the rest readable, so that all
    /// problems of a file can be reported in one run.
    ///
    /// - Throws: what leaves nothing to go on with, such as a syntax error.
    package static func document(
        _ bytes: [UInt8],
        limits: YAMLLimits = .config
    ) throws(YAMLFailure) -> YAMLDocument {
        guard bytes.count <= limits.bytes else {
            throw YAMLFailure(
                .limit,
                at: Mark(line: 1, column: 1),
                "the file has \(bytes.count) bytes",
                expected: "at most \(limits.bytes) bytes"
            )
        }
        try YAMLCharacters.check(bytes)
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        guard !text.isEmpty else { return YAMLDocument() }
        return try text.withUnsafeBufferPointer { (buffer) throws(YAMLFailure) in
            let events = YAMLEvents(buffer)
            var builder = YAMLBuilder(limits: limits)
            while try builder.take(events.next()) {}
            return builder.document
        }
    }
}

/// What a file holds: its value and what is wrong with it.
package struct YAMLDocument: Sendable {
    /// The root value; `nil` for an empty document.
    package var root: YAMLNode?
    /// Duplicate keys, bad aliases and merges, a second document, in file order. The value at the
    /// place of a bad alias is a null.
    package var problems: [YAMLFailure] = []
    /// Tags that the core schema does not know, such as `!reset`, or that do not fit their value.
    package var foreignTags: [ForeignTag] = []

    /// A tag and the value that carries it.
    package struct ForeignTag: Hashable, Sendable {
        /// In full, such as `tag:yaml.org,2002:set` or `!reset`.
        package var tag: String
        /// The first character of the value, its tag included.
        package var mark: Mark
        /// Just behind the value's last character, or behind the tag of a collection.
        package var end: Mark
    }
}

/// What libyaml says next, in Swift's terms.
struct YAMLEvent {
    enum Kind {
        case scalar(text: String, isPlain: Bool)
        case alias(String)
        case sequenceStart, mappingStart, collectionEnd
        case documentStart, streamEnd
        /// Nothing that a value is made of.
        case other
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var mark: Mark
    var end: Mark
}

/// libyaml's parser over a buffer that outlives it.
struct YAMLEvents: ~Copyable {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let input: UnsafeBufferPointer<UInt8>

    init(_ input: UnsafeBufferPointer<UInt8>) {
        self.input = input
        precondition(yaml_parser_initialize(parser) == 1, "no memory for libyaml's parser")
        // Without this, libyaml would take other encodings by their byte order mark.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func next() throws(YAMLFailure) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        var result = YAMLEvent(
            kind: .other,
            mark: Mark(event.start_mark),
            end: Mark(event.end_mark)
        )
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            result.kind = .scalar(
                text: String(decoding: text, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
            )
            result.anchor = string(scalar.anchor)
            // `!` alone asks for a string (YAML 1.2.2, section 6.9.1), as quotes do.
            result.tag = string(scalar.tag)
        case YAML_ALIAS_EVENT: result.kind = .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            result.kind = .sequenceStart
            result.anchor = string(event.data.sequence_start.anchor)
            result.tag = string(event.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            result.kind = .mappingStart
            result.anchor = string(event.data.mapping_start.anchor)
            result.tag = string(event.data.mapping_start.tag)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: result.kind = .collectionEnd
        case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: result.kind = .streamEnd
        default: break
        }
        return result
    }

    private func string(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        characters.map { String(cString: $0) }
    }

    private func failure() -> YAMLFailure {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "this cannot be read"
        guard parser.pointee.error != YAML_READER_ERROR else {
            let place = YAMLCharacters.mark(of: parser.pointee.problem_offset, in: Array(input))
            return YAMLFailure(
                .syntax,
                at: place,
                problem,
                expected: #"an escape such as "\x07" in double quotes"#
            )
        }
        let mark = Mark(parser.pointee.problem_mark)
        if problem == "found character that cannot start any token" { return badStart(at: mark) }
        guard let context = parser.pointee.context.map({ String(cString: $0) }) else {
            return YAMLFailure(.syntax, at: mark, problem, expected: Self.advice[problem])
        }
        let start = Mark(parser.pointee.context_mark)
        let place = start == mark ? "" : " that begins at \(start.line):\(start.column)"
        return YAMLFailure(.syntax, at: mark, "\(problem) \(context)\(place)")
    }

    /// What to do about problems whose words do not say it.
    private static let advice = [
        "mapping values are not allowed in this context": "quotes around a text with `: ` in it",
        "found incompatible YAML document": "`%YAML 1.2`, or no such line",
    ]

    private func badStart(at mark: Mark) -> YAMLFailure {
        let character = YAMLCharacters.character(at: mark, in: Array(input))
        if character == "\t" {
            return YAMLFailure(
                .syntax,
                at: mark,
                "a tab cannot indent",
                expected: "spaces"
            )
        }
        let shown = character.map { $0 == "`" ? "a back quote" : "`\($0)`" } ?? "this character"
        return YAMLFailure(
            .syntax,
            at: mark,
            "a value cannot begin with \(shown)",
            expected: "quotes around it"
        )
    }
}

extension Mark {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
