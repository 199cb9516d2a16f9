/// A `package.json`, read without trust: members of a wrong type count as absent.
struct NodePackage {
    let folder: Folder
    /// The manifest's path.
    let file: String
    let json: JSONValue
    /// Names in `dependencies` and `devDependencies`.
    let dependencies: Set<String>
    /// Names and texts, in file order.
    let scripts: [(name: String, text: String)]

    /// The manifest of a folder: `package.json`, else `package.json5`. A broken one is
    /// an empty one.
    static func read(_ folder: Folder) -> NodePackage? {
        if let file = folder.file("package.json") {
            let json = folder.survey.document(file, as: .json) ?? .object(JSONObject())
            return NodePackage(folder: folder, file: file, json: json)
        }
        guard let file = folder.file("package.json5") else { return nil }
        let json = folder.survey.document(file, as: .json5) ?? .object(JSONObject())
        return NodePackage(folder: folder, file: file, json: json)
    }

    /// A manifest; evidence names `file`, also where the folder has no manifest of its own.
    init(folder: Folder, file: String, json: JSONValue) {
        self.folder = folder
        self.file = file
        self.json = json
        let names = ["dependencies", "devDependencies"].flatMap { json[$0]?.object?.names ?? [] }
        dependencies = Set(names)
        scripts = (json["scripts"]?.object?.members ?? []).compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
    }

    var name: String? { json["name"]?.string }

    /// The text of a script that does something.
    func script(_ name: String) -> String? {
        guard let text = scripts.first(where: { $0.name == name })?.text,
            !ScriptLine(text).isEmpty
        else { return nil }
        return text
    }

    /// Whether this package itself depends on another.
    func depends(on name: String) -> Bool { dependencies.contains(name) }

    /// Whether it depends on any of several.
    func depends(onAny names: [String]) -> Bool { names.contains(where: dependencies.contains) }

    /// The range of a dependency as written.
    func range(of name: String) -> String? {
        json["dependencies"]?[name]?.string ?? json["devDependencies"]?[name]?.string
    }

    /// Whether a dependency's range lies below a version.
    func isBelow(_ name: String, _ bound: Int...) -> Bool {
        Versions.isBelow(range(of: name), bound)
    }

    /// Whether it names workspaces, in either form.
    var hasWorkspaces: Bool { !workspaces.isEmpty }

    /// The globs of its workspaces: an array, or an object with `packages`.
    var workspaces: [String] {
        let value = json["workspaces"]
        return (value?.array ?? value?["packages"]?.array ?? []).compactMap(\.string)
    }

    /// Whether it is made to be published and used by others: it says what to import and has
    /// nothing to start.
    var looksLikeLibrary: Bool {
        guard json["private"]?.bool != true else { return false }
        let published = ["exports", "types", "typings", "files", "publishConfig"]
            .contains { json[$0] != nil }
        let serves = scripts.contains { ["start", "serve"].contains($0.name) }
        // Bun names its compiler among the peers of every new project.
        let peers = (json["peerDependencies"]?.object?.names ?? []).filter { $0 != "typescript" }
        return !serves && (published || !peers.isEmpty)
    }

    /// Whether it installs a command.
    var installsCommand: Bool { json["bin"].map { !$0.isNull } ?? false }
}
