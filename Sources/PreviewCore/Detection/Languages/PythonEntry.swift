/// Where a Python program begins, and the name of its application object (rules section 9).
struct PythonEntry {
    /// Relative to the folder.
    let file: String
    /// With dots, as Python imports it.
    let module: String
    /// The application object, where the text has one; `create_app()` for a factory.
    let object: String?

    static let rootNames = ["main.py", "app.py", "start.py", "bot.py", "hello.py", "server.py"]
    private static let otherNames = [
        "wsgi.py", "asgi.py", "src/main.py", "app/main.py", "api/main.py", "application.py",
        "run.py", "src/app.py", "app/app.py", "src/app/main.py",
    ]
    private static let constructors =
        "FastAPI|Flask|Starlette|Sanic|Quart|Litestar|FastHTML|APIFlask|Dash"

    /// The entry files that are there, in the order of the rules.
    static func files(_ folder: Folder) -> [String] {
        (rootNames + otherNames).filter(folder.has)
    }

    /// The first entry file; with `needsObject`, the first with the application object of a
    /// framework, for which packages are searched, too.
    static func find(_ folder: Folder, needsObject: Bool) -> PythonEntry? {
        let entries = files(folder).map { PythonEntry(folder, file: $0) }
        guard needsObject else { return entries.first }
        if let found = entries.first(where: { $0.object != nil }) { return found }
        return packages(folder).first { $0.object != nil } ?? entries.first
    }

    /// The script of a framework that runs scripts: the names that its templates use, else the only
    /// one that is there.
    static func script(_ folder: Folder) -> PythonEntry? {
        let scripts = folder.fileNames.filter { $0.hasSuffix(".py") && $0 != "setup.py" }
        let known = ["streamlit_app.py", "Home.py"].first(where: folder.has)
        guard let name = known ?? (scripts.count == 1 ? scripts[0] : nil) else { return nil }
        return PythonEntry(folder, file: name)
    }

    /// Packages directly in the folder or in `src`, by their `__init__.py`, `main.py` and `app.py`.
    private static func packages(_ folder: Folder) -> [PythonEntry] {
        var result: [PythonEntry] = []
        for place in ["", "src"] {
            let names = folder.folder(place).folderNames.filter {
                !["tests", "test", "docs", "examples", "scripts"].contains($0)
            }
            for name in names {
                let inside = RelativePath.join(place, name)
                result += ["__init__.py", "main.py", "app.py", "asgi.py", "wsgi.py", "server.py"]
                    .map { "\(inside)/\($0)" }.filter(folder.has)
                    .map { PythonEntry(folder, file: $0) }
            }
        }
        return result
    }

    private init(_ folder: Folder, file: String) {
        self.file = file
        var path =
            file.hasSuffix("/__init__.py")
            ? String(file.dropLast("/__init__.py".count)) : String(file.dropLast(3))
        // `src` is a folder to install from, unless it is a package itself.
        if path.hasPrefix("src/"), path.contains("/"), !folder.has("src/__init__.py"),
            path.dropFirst(4).contains("/") || file.hasSuffix("/__init__.py")
        {
            path = String(path.dropFirst(4))
        }
        module = path.replacing("/", with: ".")
        object = folder.source(file).flatMap(Self.object)
    }

    private static func object(in source: SourceText) -> String? {
        let text = source.withoutHashLines
        let pattern = #"(?m)^(\w+)\s*(?::[^=\n]*)?=\s*(?:\w+\.)?(?:\#(constructors))\("#
        if let found = text.first(pattern) { return found }
        if let found = text.first(#"(?m)^(\w+)\s*(?:,[^=\n]*)?=\s*fast_app\("#) { return found }
        if let found = text.first(#"(?m)^(\w+)\s*=\s*create_app\("#) { return found }
        return text.matches(#"(?m)^def create_app\("#) ? "create_app()" : nil
    }

    /// `main:app`, for a server that imports it.
    var reference: String { "\(module):\(object ?? "app")" }
}

/// The Django project of a folder (rules section 9).
struct DjangoProject {
    /// The folder of `manage.py`, relative; `""` for the project's own, and without that file.
    let place: String
    /// The path of `manage.py`, relative; `nil` for a project that only servers import.
    let manage: String?
    /// What shows that this is Django.
    let sign: Framework.Sign
    /// The package with `wsgi.py`; `nil` when no file names it.
    let module: String?
    /// What named it.
    let moduleFile: String?
    let collectsStatic: Bool
    let usesASGI: Bool

    init?(_ folder: Folder, _ dependencies: PythonDependencies) {
        let depends = dependencies.contains("django")
        let places = [""] + folder.folderNames.filter { !$0.hasPrefix(".") }
        let found = places.first { folder.has(RelativePath.join($0, "manage.py")) }
        place = found ?? ""
        manage = found.map { RelativePath.join($0, "manage.py") }
        let source = manage.flatMap(folder.source)
        let isOwn = place.isEmpty && source?.matches(#"(?i)django"#) ?? false
        guard depends || isOwn else { return nil }
        let base = folder.folder(place)
        let settings = Self.settings(in: base)
        let named = settings.lazy.compactMap { file -> (String, String)? in
            let source = Self.source(file, folder)
            return source?.first(
                #"(?m)^\s*WSGI_APPLICATION\s*=\s*['"]([\w.]+)\.wsgi\.application['"]"#
            )
            .map { ($0, file) }
        }.first
        if let manage, let file = folder.file(manage) {
            sign = .init(file: file, reason: "manage.py of Django is there")
        } else if let named {
            sign = .init(file: named.1, reason: "the settings of Django are there")
        } else {
            return nil
        }
        let managed = source?.first(#"DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]"#)
            .map { $0.split(separator: ".").prefix { $0 != "settings" }.joined(separator: ".") }
        module = named?.0 ?? managed.flatMap { $0.isEmpty ? nil : $0 }
        moduleFile = named?.1 ?? base.file("manage.py")
        collectsStatic =
            dependencies.contains("whitenoise")
            || settings.contains {
                Self.source($0, folder)?.matches(#"(?m)^\s*STATIC_ROOT\s*="#) ?? false
            }
        usesASGI = dependencies.contains("daphne") || dependencies.contains("channels")
    }

    private static func source(_ file: String, _ folder: Folder) -> SourceText? {
        folder.survey.text(file).map { SourceText($0, patterns: folder.survey.patterns) }
    }

    /// Settings files of the packages in a folder, at most three levels down.
    private static func settings(in folder: Folder) -> [String] {
        var result: [String] = []
        var level = [folder]
        for _ in 0..<3 {
            var next: [Folder] = []
            for place in level {
                if let file = place.file("settings.py") { result.append(file) }
                if place.name == "settings" { result += place.files(endingIn: ".py") }
                next += place.folderNames.filter { !$0.hasPrefix(".") }.prefix(40)
                    .map(place.folder)
            }
            level = next
        }
        return result
    }
}
