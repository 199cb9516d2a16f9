/// Which server runs a Python application, and how (rules section 9).
struct PythonServers {
    let folder: Folder
    let dependencies: PythonDependencies
    let entry: PythonEntry?
    /// The framework's id; `nil` for plain Python.
    let framework: String?

    /// For evidence.
    var reason: String {
        guard let entry else { return "how the framework is started" }
        return entry.object.map { "the application `\($0)` is in it" } ?? "the entry file"
    }

    /// Frameworks whose server imports the application object.
    static let importing: Set<String> = [
        "fasthtml", "fastapi", "litestar", "sanic", "quart", "starlette", "flask", "dash",
    ]

    /// Whether there is no file from which the framework's server could import anything.
    private var hasNothingToImport: Bool {
        entry == nil && framework.map(Self.importing.contains) ?? false
    }

    /// The command that serves the application; `nil` when there is nothing to start.
    var start: String? {
        guard !hasNothingToImport else { return nil }
        switch framework {
        case "fastapi", "starlette", "fasthtml": return asgi
        case "litestar": return asgiTool ?? "litestar run --host 0.0.0.0 --port $PORT"
        case "sanic": return "sanic \(reference) --host 0.0.0.0 --port $PORT"
        case "quart": return hypercorn
        case "flask": return flask
        case "dash": return dash
        case "streamlit":
            return script.map { "streamlit run \($0) --server.port $PORT --server.address 0.0.0.0" }
        case "reflex": return "reflex run --env prod"
        default: return script.map { "python \($0)" }
        }
    }

    /// The command that serves while one works.
    var dev: String? {
        guard !hasNothingToImport else { return nil }
        switch framework {
        case "fastapi":
            return usesFastAPITool
                ? script.map { "fastapi dev \($0)" } : "uvicorn \(reference) --reload"
        case "starlette", "fasthtml": return "uvicorn \(reference) --reload"
        case "litestar": return "litestar run --reload"
        case "sanic": return "sanic \(reference) --dev"
        case "quart": return "quart --app \(application) run"
        case "flask": return "flask --app \(application) run --debug"
        case "streamlit": return script.map { "streamlit run \($0)" }
        case "gradio": return script.map { "gradio \($0)" }
        case "dash": return script.map { "python \($0)" }
        case "reflex": return "reflex run"
        default: return nil
        }
    }

    /// Whether Flask's own server, with its own port, is what starts.
    var listensOnFlaskDefault: Bool {
        framework == "flask" && !dependencies.contains("gunicorn")
            && !dependencies.contains("waitress") && !dependencies.contains("uwsgi")
    }

    private var reference: String { entry?.reference ?? "main:app" }
    private var script: String? { entry?.file }

    /// The module, with the object where it is not the usual one.
    private var application: String {
        guard let entry else { return "main" }
        let usual = ["app", "application", "create_app()"].contains(entry.object ?? "app")
        return usual ? entry.module : "\(entry.module):\(entry.object ?? "app")"
    }

    private var factory: String {
        (entry?.object?.hasSuffix("()") ?? false) ? " --factory" : ""
    }

    private var usesFastAPITool: Bool {
        dependencies.contains("fastapi", extra: "standard") && !dependencies.contains("uvicorn")
    }

    private var asgi: String {
        if framework == "fastapi", usesFastAPITool, let script { return "fastapi run \(script)" }
        return asgiTool ?? "uvicorn \(bare)\(factory) --host 0.0.0.0 --port $PORT"
    }

    /// The server among the dependencies, uvicorn before others.
    private var asgiTool: String? {
        if dependencies.contains("uvicorn") {
            return "uvicorn \(bare)\(factory) --host 0.0.0.0 --port $PORT"
        }
        if dependencies.contains("hypercorn") { return hypercorn }
        return nil
    }

    private var bare: String {
        reference.hasSuffix("()") ? String(reference.dropLast(2)) : reference
    }

    private var hypercorn: String { "hypercorn \(reference) --bind 0.0.0.0:$PORT" }

    private var flask: String {
        if dependencies.contains("gunicorn") { return "gunicorn --bind 0.0.0.0:$PORT \(called)" }
        if dependencies.contains("waitress") {
            return "waitress-serve --host 0.0.0.0 --port $PORT \(waitress)"
        }
        return "flask --app \(application) run --host 0.0.0.0 --port $PORT"
    }

    /// For a shell, a call needs quotes.
    private var called: String { reference.hasSuffix(")") ? "'\(reference)'" : reference }
    private var waitress: String {
        reference.hasSuffix("()") ? "--call '\(bare)'" : reference
    }

    private var dash: String? {
        guard dependencies.contains("gunicorn"), let entry else {
            return script.map { "python \($0)" }
        }
        let server = folder.source(entry.file)?.matches(#"(?m)^server\s*="#) ?? false
        guard server else { return "python \(entry.file)" }
        return "gunicorn --bind 0.0.0.0:$PORT \(entry.module):server"
    }
}
