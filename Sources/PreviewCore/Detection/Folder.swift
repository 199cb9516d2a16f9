/// A folder of the repository as the rules see it: names in, files out. All names are relative to
/// the folder and match without case; all results are paths from the repository's root.
struct Folder {
    let path: String
    let survey: Survey

    /// What lies directly in a folder.
    struct Listing {
        /// Names of files.
        let files: [String]
        /// Names of folders.
        let folders: [String]

        init(_ entries: [String]) {
            files = entries.filter { !$0.hasSuffix("/") }.map(RelativePath.name)
            folders = entries.filter { $0.hasSuffix("/") }
                .map { RelativePath.name(of: String($0.dropLast())) }
        }
    }

    init(_ path: String, in survey: Survey) {
        self.path = path
        self.survey = survey
    }

    /// The name of the folder itself; empty for the root.
    var name: String { RelativePath.name(of: path) }

    var isRoot: Bool { path.isEmpty }

    /// The folder around this one; `nil` for the root.
    var parent: Folder? {
        isRoot ? nil : Folder(RelativePath.folder(of: path), in: survey)
    }

    /// All folders around this one, the nearest first.
    var ancestors: [Folder] {
        var result: [Folder] = []
        var folder = parent
        while let next = folder {
            result.append(next)
            folder = next.parent
        }
        return result
    }

    /// Names of the files directly in it, sorted.
    var fileNames: [String] { survey.listing(of: path).files }

    /// Names of the folders directly in it, sorted.
    var folderNames: [String] { survey.listing(of: path).folders }

    /// A folder below.
    func folder(_ name: String) -> Folder { Folder(RelativePath.join(path, name), in: survey) }

    /// The path of a file, as the repository spells it.
    func file(_ name: String) -> String? {
        survey.file(RelativePath.join(path, name))
    }

    /// Whether there is such a file.
    func has(_ name: String) -> Bool { file(name) != nil }

    /// The first of several files.
    func first(of names: [String]) -> String? {
        for name in names {
            if let found = file(name) { return found }
        }
        return nil
    }

    /// The file that a catalogue's pattern names: a path, or `*.ext` for the first such file.
    func firstFile(matching pattern: String) -> String? {
        guard pattern.hasPrefix("*") else { return file(pattern) }
        return files(endingIn: String(pattern.dropFirst())).first
    }

    /// Paths of the files directly in it whose names end in one of the texts.
    func files(endingIn suffixes: String...) -> [String] {
        fileNames.filter { name in suffixes.contains { name.lowercased().hasSuffix($0) } }
            .map { RelativePath.join(path, $0) }
    }

    /// Whether anything lies under a folder of that name.
    func hasFolder(_ name: String) -> Bool {
        survey.snapshot.paths.hasFolder(RelativePath.join(path, name))
    }

    /// The text of a file; `nil` when there is none or it cannot be read.
    func text(_ name: String) -> String? { file(name).flatMap { survey.text($0) } }

    /// The text of a file in which patterns are looked for.
    func source(_ name: String) -> SourceText? {
        text(name).map { SourceText($0, patterns: survey.patterns) }
    }

    /// A JSON file, with comments and trailing commas; `nil` when it is absent or broken.
    func json(_ name: String) -> JSONValue? { document(name, as: .json) }
    /// A YAML file; `nil` when it is absent or broken.
    func yaml(_ name: String) -> JSONValue? { document(name, as: .yaml) }
    /// A TOML file; `nil` when it is absent or broken.
    func toml(_ name: String) -> JSONValue? { document(name, as: .toml) }

    private func document(_ name: String, as format: Manifests.Format) -> JSONValue? {
        file(name).flatMap { survey.document($0, as: format) }
    }
}
