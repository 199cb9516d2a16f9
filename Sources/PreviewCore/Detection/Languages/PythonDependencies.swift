/// What a Python project depends on, from every place that says so (rules section 9). Names are
/// normalised, so that they can be compared whole.
struct PythonDependencies {
    /// Normalised name to the file that names it.
    private(set) var files: [String: String] = [:]
    /// Extras by normalised name, as in `fastapi[standard]`.
    private(set) var extras: [String: Set<String>] = [:]
    /// Order in which the files were read.
    private let folder: Folder

    init(_ folder: Folder) {
        self.folder = folder
        readRequirements()
        readProject()
        readPipfile()
        readSetup()
    }

    /// Whether the project depends on a package; the name is a normalised one.
    func contains(_ name: String) -> Bool { files[name] != nil }

    /// The file that names a package.
    func file(of name: String) -> String? { files[name] }

    /// Whether a package is asked for with an extra.
    func contains(_ name: String, extra: String) -> Bool { extras[name]?.contains(extra) ?? false }

    private mutating func add(_ requirement: some StringProtocol, from file: String) {
        let line = Versions.trimmed(requirement)
        let name = String(line.prefix { !"[<>=!~;@ \t,()".contains($0) })
        guard let first = name.first, first.isLetter || first.isNumber else { return }
        let normal = Self.normalized(name)
        if files[normal] == nil { files[normal] = file }
        let rest = line.dropFirst(name.count)
        guard rest.hasPrefix("["), let close = rest.firstIndex(of: "]") else { return }
        let named = rest[rest.index(after: rest.startIndex)..<close].split(separator: ",")
        extras[normal, default: []].formUnion(named.map { Versions.trimmed($0).lowercased() })
    }

    /// Lower case, with `-` for `_` and `.`.
    static func normalized(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 })
    }

    private mutating func readRequirements() {
        var lists =
            ["requirements.txt", "requirements.in"].compactMap(folder.file)
            + folder.folder("requirements").files(endingIn: ".txt", ".in")
        var read: Set<String> = []
        while !lists.isEmpty {
            let file = lists.removeFirst()
            guard read.insert(file).inserted, let text = folder.survey.text(file) else { continue }
            for line in text.split(separator: "\n") {
                let requirement = Versions.trimmed(line.prefix { $0 != "#" })
                if let other = Self.included(requirement, from: file),
                    folder.survey.file(other) != nil
                {
                    lists.append(other)
                } else if !requirement.hasPrefix("-") {
                    add(requirement, from: file)
                }
            }
        }
    }

    /// The file of `-r other.txt`.
    private static func included(_ line: String, from file: String) -> String? {
        for option in ["-r", "--requirement"] where line.hasPrefix(option) {
            let name = Versions.trimmed(line.dropFirst(option.count).drop { $0 == "=" })
            return RelativePath.resolve(name, from: RelativePath.folder(of: file))
        }
        return nil
    }

    private mutating func readProject() {
        guard let file = folder.file("pyproject.toml"), let json = folder.toml("pyproject.toml")
        else { return }
        let project = json["project"]
        let groups = json["dependency-groups"]?.object?.members.map(\.value) ?? []
        for list in [project?["dependencies"]].compactMap({ $0 }) + groups {
            for requirement in list.array ?? [] { add(requirement.string ?? "", from: file) }
        }
        add(table: json["tool"]?["poetry"]?["dependencies"], from: file)
    }

    private mutating func add(table: JSONValue?, from file: String) {
        for member in table?.object?.members ?? [] where member.name.lowercased() != "python" {
            add(member.name, from: file)
            let named = (member.value["extras"]?.array ?? []).compactMap(\.string)
            extras[Self.normalized(member.name), default: []].formUnion(named)
        }
    }

    private mutating func readPipfile() {
        guard let file = folder.file("Pipfile") else { return }
        let json = folder.survey.document(file, as: .toml)
        add(table: json?["packages"], from: file)
    }

    private mutating func readSetup() {
        if let file = folder.file("setup.py"), let source = folder.source("setup.py") {
            let list = source.withoutHashLines.first(#"install_requires\s*=\s*\[([^\]]*)\]"#) ?? ""
            let quoted = SourceText(list, patterns: folder.survey.patterns)
            for requirement in quoted.all(#"['"]([^'"]+)['"]"#) { add(requirement, from: file) }
        }
        if let file = folder.file("setup.cfg"), let source = folder.source("setup.cfg") {
            let list = source.first(#"(?m)^install_requires\s*=[ \t]*((?:\n[ \t]+[^\n]*)*)"#) ?? ""
            for line in list.split(separator: "\n") { add(line, from: file) }
        }
    }
}

/// How a Python project is installed (rules section 9).
struct PythonPackageManager {
    var name: String
    var install: String
    var file: String

    /// A lock file wins, then `requirements.txt`, then what `pyproject.toml` says; `nil` when there
    /// is nothing to install from.
    static func find(_ folder: Folder) -> PythonPackageManager? {
        locked(folder) ?? listed(folder) ?? shared(folder) ?? declared(folder)
    }

    /// A member of a workspace of uv is installed by the workspace's lock.
    private static func shared(_ folder: Folder) -> PythonPackageManager? {
        guard folder.has("pyproject.toml") else { return nil }
        for place in folder.ancestors
        where place.toml("pyproject.toml")?["tool"]?["uv"]?["workspace"] != nil {
            return locked(place)
                ?? place.file("pyproject.toml").map {
                    PythonPackageManager(name: "uv", install: "uv sync --no-dev", file: $0)
                }
        }
        return nil
    }

    private static func locked(_ folder: Folder) -> PythonPackageManager? {
        let locks: [(String, String, String)] = [
            ("uv.lock", "uv", "uv sync --locked --no-dev"),
            ("poetry.lock", "poetry", "poetry install --only main --no-root"),
            ("pdm.lock", "pdm", "pdm install --prod"),
            ("Pipfile.lock", "pipenv", "pipenv install --deploy"),
        ]
        for (lock, name, install) in locks {
            if let file = folder.file(lock) {
                return PythonPackageManager(name: name, install: install, file: file)
            }
        }
        return nil
    }

    private static func listed(_ folder: Folder) -> PythonPackageManager? {
        let lists = [
            "requirements.txt", "requirements/production.txt", "requirements/prod.txt",
            "requirements/base.txt", "requirements.in",
        ]
        guard let list = lists.first(where: folder.has), let file = folder.file(list) else {
            return nil
        }
        return PythonPackageManager(name: "pip", install: "pip install -r \(list)", file: file)
    }

    private static func declared(_ folder: Folder) -> PythonPackageManager? {
        if let file = folder.file("pyproject.toml"), let json = folder.toml("pyproject.toml") {
            let tool = json["tool"]
            if tool?["uv"] != nil {
                return PythonPackageManager(name: "uv", install: "uv sync --no-dev", file: file)
            }
            if tool?["poetry"] != nil {
                return PythonPackageManager(
                    name: "poetry",
                    install: "poetry install --only main --no-root",
                    file: file
                )
            }
            if tool?["pdm"] != nil {
                return PythonPackageManager(name: "pdm", install: "pdm install --prod", file: file)
            }
            if !folder.has("Pipfile"), json["project"] != nil || json["build-system"] != nil {
                return PythonPackageManager(name: "pip", install: "pip install .", file: file)
            }
        }
        if let file = folder.file("Pipfile") {
            return PythonPackageManager(
                name: "pipenv",
                install: "pipenv install --skip-lock",
                file: file
            )
        }
        guard let file = folder.first(of: ["setup.py", "setup.cfg"]) else { return nil }
        return PythonPackageManager(name: "pip", install: "pip install .", file: file)
    }

    /// The lock and list files that are there, for a warning when they are of several kinds.
    static func locks(_ folder: Folder) -> [String] {
        ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"].filter(folder.has)
    }
}
