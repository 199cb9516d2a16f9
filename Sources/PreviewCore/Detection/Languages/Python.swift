/// Python projects (rules section 9).
struct Python {
    let folder: Folder
    private let dependencies: PythonDependencies
    private let django: DjangoProject?
    private let manager: PythonPackageManager?

    /// Files any of which makes a folder a Python project.
    static let files =
        ["requirements.txt", "pyproject.toml", "Pipfile"] + PythonEntry.rootNames
        + ["manage.py", "setup.py", "setup.cfg"]

    init(_ folder: Folder) {
        self.folder = folder
        dependencies = PythonDependencies(folder)
        django = DjangoProject(folder, dependencies)
        manager = PythonPackageManager.find(folder)
    }

    static func matches(_ folder: Folder) -> Bool {
        folder.first(of: files) != nil || folder.has("requirements/base.txt")
    }

    /// Whether there is a program in it, not only configuration of tools.
    static func hasEntry(_ folder: Folder) -> Bool {
        if PythonEntry.rootNames.contains(where: folder.has) || folder.has("manage.py") {
            return true
        }
        return Python(folder).framework != nil
    }

    /// A framework by the name of its distribution; the order decides.
    private static let frameworks: [(id: String, distribution: String)] = [
        ("fasthtml", "python-fasthtml"), ("fastapi", "fastapi"), ("litestar", "litestar"),
        ("sanic", "sanic"), ("quart", "quart"), ("starlette", "starlette"), ("flask", "flask"),
        ("streamlit", "streamlit"), ("gradio", "gradio"), ("reflex", "reflex"), ("dash", "dash"),
        ("bottle", "bottle"), ("tornado", "tornado"), ("aiohttp", "aiohttp"),
    ]

    /// The framework's id and what speaks for it; `nil` for plain Python.
    var framework: (id: String, sign: Framework.Sign)? {
        if let django { return ("django", django.sign) }
        for (id, distribution) in Self.frameworks {
            guard let file = dependencies.file(of: distribution) else { continue }
            if id == "aiohttp", !entryRuns(#"web\.run_app"#) { continue }
            return (id, .init(file: file, reason: "dependency \(distribution)"))
        }
        return nil
    }

    private func entryRuns(_ pattern: String) -> Bool {
        PythonEntry.files(folder).contains { folder.source($0)?.matches(pattern) ?? false }
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        let found = framework
        let site = found == nil && PythonEntry.files(folder).isEmpty ? siteGenerator : nil
        let id = found?.id ?? site?.0.id ?? "python"
        if let entry = folder.survey.catalogue[id] {
            draft.adopt(entry, sign: found?.sign ?? site?.1 ?? plainSign)
        }
        draft.detection.language = "python"
        draft.setRuntime("python", version)
        describeInstall(&draft)
        if let site {
            describeSite(&draft, site.0, site.1)
        } else {
            describeCommands(&draft, framework: found?.id)
        }
        draft.detection.kind = kind(draft.detection, framework: found?.id)
        if draft.detection.kind == .library { draft.forgetPort() }
        return draft
    }

    private var plainSign: Framework.Sign? {
        folder.first(of: Self.files)
            .map { .init(file: $0, reason: "\(RelativePath.name(of: $0)) is there") }
    }

    private func kind(_ detection: Detection, framework: String?) -> Detection.Kind {
        if detection.isStatic || framework != nil && detection.commands.start != nil {
            return .app
        }
        if !PythonEntry.files(folder).isEmpty { return .app }
        if consoleScript != nil { return .commandLineTool }
        return detection.commands.start == nil ? .library : .app
    }

    // MARK: - Sites

    private var siteGenerator: (Framework, Framework.Sign)? {
        for id in ["mkdocs", "pelican", "lektor"] {
            if let entry = folder.survey.catalogue[id], let sign = entry.fileSign(in: folder) {
                return (entry, sign)
            }
        }
        guard dependencies.contains("sphinx"), let entry = folder.survey.catalogue["sphinx"],
            let file = SiteConfiguration.sphinxSource(folder)
        else { return nil }
        return (entry, .init(file: file, reason: "the configuration of Sphinx is there"))
    }

    private func describeSite(_ draft: inout Draft, _ site: Framework, _ sign: Framework.Sign) {
        draft.set(\.build, site.build, sign.file, "how \(site.name) is built")
        draft.set(\.dev, site.dev, sign.file, "the server of \(site.name)")
        SiteConfiguration.correct(&draft, id: site.id)
    }

    // MARK: - Install

    private func describeInstall(_ draft: inout Draft) {
        guard let manager else { return }
        draft.detection.packageManager = manager.name
        let name = RelativePath.name(of: manager.file)
        draft.note(.packageManager, manager.file, "\(name) is there")
        draft.set(\.install, manager.install, manager.file, "installs what \(name) says")
        let locks = PythonPackageManager.locks(folder)
        if locks.count > 1 {
            draft.warn(
                "several lock files (\(locks.joined(separator: ", "))); \(manager.name) is used"
            )
        }
    }

    // MARK: - Commands

    private func describeCommands(_ draft: inout Draft, framework: String?) {
        if framework == "django" { return describeDjango(&draft) }
        let needsObject = framework.map(PythonServers.importing.contains) ?? false
        let isScript = ["streamlit", "gradio"].contains(framework)
        let entry =
            PythonEntry.find(folder, needsObject: needsObject)
            ?? (isScript ? PythonEntry.script(folder) : nil)
        let servers = PythonServers(
            folder: folder,
            dependencies: dependencies,
            entry: entry,
            framework: framework
        )
        let file = entry.flatMap { folder.file($0.file) }
        if let start = servers.start {
            draft.set(\.start, start, file ?? plainSign?.file, servers.reason)
        } else if let (name, file) = consoleScript {
            let command = manager?.name == "uv" ? "uv run \(name)" : name
            draft.set(\.start, command, file, "the command \(name) that it installs")
        } else if let package = runnablePackage {
            draft.set(
                \.start,
                "python -m \(package)",
                folder.file("\(package)/__main__.py"),
                "__main__.py is there"
            )
        }
        draft.set(\.dev, servers.dev, file ?? plainSign?.file, servers.reason)
        if framework == "reflex" {
            draft.set(\.build, "reflex export", plainSign?.file, "how Reflex is built")
        }
        describePort(&draft, entry, servers)
    }

    private func describePort(
        _ draft: inout Draft,
        _ entry: PythonEntry?,
        _ servers: PythonServers
    ) {
        if servers.listensOnFlaskDefault, let file = entry.flatMap({ folder.file($0.file) }) {
            draft.setPort(5000, file, "5000 is the default port of Flask's own server")
        }
        guard draft.detection.port != nil || entry != nil, let name = entry?.file,
            let source = folder.source(name), let port = Ports.inPython(source)
        else { return }
        draft.setPort(port, folder.file(name), "listens on \(port)")
    }

    private func describeDjango(_ draft: inout Draft) {
        guard let django else { return }
        let file = django.sign.file
        if let manage = django.manage, django.collectsStatic {
            draft.set(
                \.build,
                "python \(manage) collectstatic --noinput",
                file,
                "static files are collected"
            )
        }
        let place = django.place.isEmpty ? "" : " --chdir \(django.place)"
        if let module = django.module, django.usesASGI {
            let inside = django.place.isEmpty ? "" : "cd \(django.place) && "
            let start =
                dependencies.contains("daphne")
                ? "\(inside)daphne -b 0.0.0.0 -p $PORT \(module).asgi:application"
                : "\(inside)uvicorn \(module).asgi:application --host 0.0.0.0 --port $PORT"
            draft.set(\.start, start, django.moduleFile, "the ASGI application of \(module)")
        } else if let module = django.module, dependencies.contains("gunicorn") {
            draft.set(
                \.start,
                "gunicorn\(place) --bind 0.0.0.0:$PORT \(module).wsgi:application",
                django.moduleFile,
                "the WSGI application of \(module)"
            )
        } else if let manage = django.manage {
            draft.set(
                \.start,
                "python \(manage) runserver 0.0.0.0:$PORT",
                file,
                "gunicorn is not among the dependencies"
            )
        }
        guard let manage = django.manage else { return }
        draft.set(\.dev, "python \(manage) runserver", file, "Django's own server")
    }

    /// A single command that the project installs.
    private var consoleScript: (name: String, file: String)? {
        guard let file = folder.file("pyproject.toml"), let json = folder.toml("pyproject.toml")
        else { return nil }
        let names =
            json["project"]?["scripts"]?.object?.names
            ?? json["tool"]?["poetry"]?["scripts"]?.object?.names ?? []
        return names.first.map { ($0, file) }
    }

    /// A package that can be run as a program.
    private var runnablePackage: String? {
        folder.folderNames.first { folder.has("\($0)/__main__.py") }
    }

    // MARK: - Version

    private var version: VersionPin? {
        let versions = Versions(folder: folder)
        let pinned = versions.file(".python-version", ".python-versions").flatMap(Self.tidied)
        if let pin = pinned ?? versions.tool("python") { return pin }
        if let pin = versions.file("runtime.txt"), pin.version?.hasPrefix("python") ?? false {
            return Self.tidied(pin)
        }
        return pipfileVersion ?? projectVersion
    }

    /// `python-3.12` is 3.12; another implementation keeps its name.
    private static func tidied(_ pin: VersionPin) -> VersionPin? {
        guard var text = pin.version else { return pin }
        if text.hasPrefix("python-") { text = String(text.dropFirst(7)) }
        guard text.contains(where: \.isNumber) else { return nil }
        return VersionPin(text, source: pin.source, file: pin.file)
    }

    private var pipfileVersion: VersionPin? {
        guard let file = folder.file("Pipfile"),
            let requires = folder.survey.document(file, as: .toml)?["requires"],
            let text = requires["python_full_version"]?.string ?? requires["python_version"]?.string
        else { return nil }
        return VersionPin(text == "*" ? nil : text, source: "Pipfile", file: file)
    }

    private var projectVersion: VersionPin? {
        guard let file = folder.file("pyproject.toml"), let json = folder.toml("pyproject.toml")
        else { return nil }
        let poetry = json["tool"]?["poetry"]?["dependencies"]?["python"]
        guard
            let text = json["project"]?["requires-python"]?.string
                ?? poetry?.string ?? poetry?["version"]?.string
        else { return nil }
        return VersionPin(Versions.floor(text), source: "pyproject.toml", file: file)
    }
}
