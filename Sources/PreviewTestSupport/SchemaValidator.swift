package import PreviewCore
import PreviewSystem
import Testing

/// python3-jsonschema, which shares no code with the program.
package enum SchemaValidator {
    /// The root of the repository.
    package static let repository =
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

    /// Whether each document is accepted: `accept` or `refuse`.
    ///
    /// - Parameters:
    ///   - documents: what is shown to the validator, all in one process.
    ///   - schema: the name of a file in the folder `schema`.
    /// - Returns: one verdict per document, in order.
    /// - Throws: what goes wrong; cancels the test, saying so, where the validator is missing.
    package static func verdicts(
        _ documents: [JSONValue],
        schema: String
    ) async throws -> [String] {
        let missing: Comment =
            "SKIPPED: without python3-jsonschema nobody else checks the schema; install it"
        guard let python = Command.locate("/usr/bin/python3", in: "") else {
            try Test.cancel(missing)
        }
        let command = Command(
            python,
            ["\(repository)/Tests/Corpus/validate.py", "\(repository)/schema/\(schema)"],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        )
        let input = Array(documents.map { JSONWriter.line($0) }.joined(separator: [0x0A])) + [0x0A]
        let result = try await command.run(input: input, timeout: .seconds(120))
        if result.ending == .exited(3) { try Test.cancel(missing) }
        #expect(result.ending == .exited(0), "\(result.errorText)")
        let verdicts = result.outputText.split(separator: "\n").map(String.init)
        try #require(verdicts.count == documents.count, "\(result.errorText)")
        return verdicts
    }

    /// Documents that differ from a valid one in one place each, and so must be refused: every
    /// member once left out, once of another type, and each closed object once with a stranger.
    ///
    /// - Parameters:
    ///   - document: a valid document.
    ///   - isOpen: whether what is at a path may be anything, such as a step's result.
    /// - Returns: the path of the change and the changed document.
    package static func spoilt(
        _ document: JSONValue,
        isOpen: ([String]) -> Bool = { _ in false }
    ) -> [(path: [String], document: JSONValue)] {
        var results: [(path: [String], document: JSONValue)] = []
        func visit(_ value: JSONValue, at path: [String], put: (JSONValue) -> JSONValue) {
            guard !isOpen(path), let object = value.object else { return }
            var stranger = object
            stranger["stranger"] = 1
            results.append((path + ["stranger"], put(.object(stranger))))
            for member in object.members {
                let place = path + [member.name]
                guard !isOpen(place) else { continue }
                func replaced(_ value: JSONValue?) -> JSONValue {
                    var changed = object
                    changed[member.name] = value
                    return put(.object(changed))
                }
                results.append((place + ["absent"], replaced(nil)))
                results.append((place + ["array of arrays"], replaced([[[]]])))
                visit(member.value, at: place) { replaced($0) }
            }
        }
        visit(document, at: []) { $0 }
        return results
    }
}
