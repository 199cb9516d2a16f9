import PreviewData

/// One recogniser of the catalogue: how a framework shows, and what it implies.
struct Framework: Hashable, Sendable {
    let id: String
    /// For people.
    let name: String
    let language: String?
    let category: String
    /// Lower wins.
    let rank: Int
    let dependencies: [String]
    let excludedBy: [String]
    let files: [String]
    let contents: [Content]
    let build: String?
    let start: String?
    let dev: String?
    let outputDirectory: String?
    let port: Int?
    let isStatic: Bool

    /// A pattern and the file in which it speaks for the framework.
    struct Content: Hashable, Sendable {
        let file: String
        let pattern: String
    }

    /// A sign by which a framework was recognised.
    struct Sign: Hashable {
        let file: String
        let reason: String
    }

    /// Whether this is the language itself rather than something built with it.
    var isRuntime: Bool { category == "runtime" }

    init?(_ entry: JSONValue) {
        guard let id = entry["id"]?.string, let name = entry["name"]?.string,
            let rank = entry["rank"]?.int, let category = entry["category"]?.string
        else { return nil }
        (self.id, self.name, self.rank, self.category) = (id, name, rank, category)
        language = entry["language"]?.string
        let detect = entry["detect"]
        dependencies = Self.texts(detect?["anyDependency"])
        excludedBy = Self.texts(detect?["notDependency"])
        files = Self.texts(detect?["anyFile"])
        contents = (detect?["anyContent"]?.array ?? []).compactMap { content in
            guard let file = content["file"]?.string, let pattern = content["regex"]?.string else {
                return nil
            }
            return Content(file: file, pattern: pattern)
        }
        build = entry["commands"]?["build"]?.string
        start = entry["commands"]?["start"]?.string
        dev = entry["commands"]?["dev"]?.string
        outputDirectory = entry["outputDirectory"]?.string.flatMap { $0 == "null" ? nil : $0 }
        port = entry["port"]?.int
        isStatic = entry["staticOutput"]?.bool ?? false
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        (value?.array ?? []).compactMap(\.string)
    }

    /// The first of its files that is there.
    func fileSign(in folder: Folder) -> Sign? {
        for pattern in files {
            if let file = folder.firstFile(matching: pattern) {
                return Sign(file: file, reason: "\(RelativePath.name(of: file)) is there")
            }
        }
        return nil
    }

    /// The first of its patterns that occurs.
    func contentSign(in folder: Folder) -> Sign? {
        for content in contents {
            guard let file = folder.firstFile(matching: content.file),
                let text = folder.survey.text(file),
                SourceText(text, patterns: folder.survey.patterns).matches(content.pattern)
            else { continue }
            return Sign(file: file, reason: "speaks of \(name)")
        }
        return nil
    }

    /// A file or a content that speaks for it.
    func sign(in folder: Folder) -> Sign? { contentSign(in: folder) ?? fileSign(in: folder) }
}

/// All recognisers, lower ranks first.
struct Catalogue: Sendable {
    let frameworks: [Framework]
    private let byID: [String: Framework]

    /// The catalogue that is compiled into the program, decoded on first use.
    static let standard = Catalogue(PreviewData.frameworks)

    /// - Parameter bytes: the catalogue's JSON; entries without id, name, rank or category are left
    ///   out, and a document that is no catalogue gives an empty one.
    init(_ bytes: [UInt8]) {
        // Losing a broken catalogue is right: then nothing is recognised, which every test notices.
        let document = try? JSONReader.read(bytes)
        let entries = (document?["frameworks"]?.array ?? []).compactMap(Framework.init)
        frameworks = entries.enumerated()
            .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
        byID = Dictionary(entries.map { ($0.id, $0) }) { first, _ in first }
    }

    /// The entry of an id.
    subscript(id: String) -> Framework? { byID[id] }

    /// Entries of some languages, lower ranks first.
    func frameworks(of languages: String...) -> [Framework] {
        frameworks.filter { $0.language.map(languages.contains) ?? false }
    }
}
