/// Reads `preview.yaml` (SPEC section 2): bytes in, a valid configuration or all its problems out.
package struct ConfigParser {
    private let file: String
    private let folder: String
    private let home: String?
    private let environment: (String) -> String?

    /// - Parameters:
    ///   - file: the file's name as problems are to show it.
    ///   - folder: the absolute folder of the file, free of symbolic links; only looked at for the
    ///     name of a project whose `repo` is a local path.
    ///   - home: the user's home folder, where known.
    ///   - environment: the value of a variable for `${VAR}`, or `nil` when it is not set.
    package init(
        file: String,
        folder: String = "/",
        home: String? = nil,
        environment: @escaping (String) -> String?
    ) {
        self.file = file
        self.folder = folder
        self.home = home
        self.environment = environment
    }

    /// Reads a file's content.
    ///
    /// - Throws: everything that is wrong with the file, not only the first thing.
    package func parse(_ bytes: [UInt8]) throws(ConfigProblems) -> Config {
        let document: YAMLDocument
        do {
            document = try YAMLReader.document(bytes)
        } catch {
            throw problems([ConfigFault(error)], in: bytes)
        }
        var decoder = ConfigDecoder(environment: environment)
        for failure in document.problems { decoder.faults.append(ConfigFault(failure)) }
        for tag in document.foreignTags { decoder.faults.append(ConfigFault(tag)) }
        let config = decoder.config(document.root) { repository in
            repository.name(of: repository.folder(relativeTo: folder, home: home))
        }
        guard let config, decoder.faults.isEmpty else {
            throw problems(decoder.faults, in: bytes)
        }
        return config
    }

    /// Brings faults in file order, once each, and shows their lines. Where reading itself failed,
    /// what the decoder made of the rest of that value is no news.
    private func problems(_ faults: [ConfigFault], in bytes: [UInt8]) -> ConfigProblems {
        let broken = Set(faults.filter(\.isOfReading).map(\.mark))
        var seen: Set<ConfigFault> = []
        let ordered =
            faults
            .filter { $0.isOfReading || !broken.contains($0.mark) }
            .filter { seen.insert($0).inserted }
            .enumerated()
            .sorted { ($0.element.mark, $0.offset) < ($1.element.mark, $1.offset) }
            .map(\.element)
        let excerpts = SourceExcerpt.excerpts(of: ordered.map { ($0.mark, $0.end) }, in: bytes)
        return ConfigProblems(
            problems: zip(ordered, excerpts).map { fault, excerpt in
                ConfigProblem(
                    file: file,
                    code: fault.code,
                    mark: fault.mark,
                    message: fault.message,
                    expected: fault.expected,
                    suggestion: fault.suggestion,
                    excerpt: excerpt
                )
            }
        )
    }
}

/// A problem before it is known how its file is called and what its line looks like.
struct ConfigFault: Hashable {
    var code: ErrorCode
    var mark: Mark
    var end: Mark
    var message: String
    var expected: String?
    var suggestion: ConfigProblem.Suggestion?
    /// Whether the YAML itself is at fault, and not what it says.
    var isOfReading = false
}

extension ConfigFault {
    init(_ failure: YAMLFailure) {
        code =
            switch failure.cause {
            case .syntax: .yamlSyntax
            case .duplicateKey: .duplicateKey
            case .limit: .documentLimit
            }
        mark = failure.mark
        end = failure.end
        message = DisplayText.harmless(failure.message)
        expected = failure.expected
        isOfReading = true
    }

    init(_ tag: YAMLDocument.ForeignTag) {
        code = .yamlSyntax
        mark = tag.mark
        end = tag.end
        let prefix = "tag:yaml.org,2002:"
        let short = tag.tag.hasPrefix(prefix) ? "!!" + tag.tag.dropFirst(prefix.count) : tag.tag
        message = "unknown tag \(DisplayText.quoted(short))"
        expected = "a plain value without a tag"
        isOfReading = true
    }
}
