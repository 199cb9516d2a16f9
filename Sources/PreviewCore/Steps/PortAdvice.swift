/// How an app that does not look at `PORT` is brought to listen there. Pure.
package enum PortAdvice {
    /// What to change: the start command where a tool in it takes the port as an option, else the
    /// source, in the words of its language.
    ///
    /// `start`: the start command, a shell line.
    /// `runtime`: the language runtime as detection names it, for a line that tells nothing.
    /// `found`: the ports it listens on instead.
    package static func fix(start: String?, runtime: String?, found: [Int] = []) -> String {
        let own =
            found.count == 1
            ? ", or keep its port and say so: `run: { port: \(found[0]) }`" : ""
        let words = (start ?? "").split { $0.isWhitespace || $0 == ";" || $0 == "&" }
            .map { String($0.split(separator: "/").last ?? $0) }
        if let example = words.lazy.compactMap({ tools[$0] }).first {
            return "let the start command pass the port on, as in `\(example)`\(own)"
        }
        let language = words.lazy.compactMap { programs[$0] }.first ?? runtime
        let source = language.flatMap { sources[$0] }.map { ", \($0)" } ?? ""
        return "let the app listen on the port in the variable PORT\(source)\(own)"
    }

    /// What servers call their option, by the word that names them in a command; each as its own
    /// help has it.
    private static let tools = [
        "next": "next start --port $PORT",
        "nuxt": "nuxt dev --port $PORT",
        "vite": "vite --port $PORT",
        "astro": "astro preview --port $PORT",
        "ng": "ng serve --port $PORT",
        "http-server": "http-server --port $PORT",
        "serve": "serve --listen $PORT",
        "flask": "flask run --port $PORT",
        "uvicorn": "uvicorn app:app --port $PORT",
        "hypercorn": "hypercorn app:app --bind $HOST:$PORT",
        "gunicorn": "gunicorn app:app --bind $HOST:$PORT",
        "fastapi": "fastapi run --port $PORT",
        "streamlit": "streamlit run app.py --server.port $PORT",
        "manage.py": "python manage.py runserver $HOST:$PORT",
        "http.server": "python3 -m http.server $PORT",
        "rails": "rails server --port $PORT",
        "rackup": "rackup --port $PORT",
        "puma": "puma --port $PORT",
        "jekyll": "jekyll serve --port $PORT",
        "hugo": "hugo server --port $PORT",
        "artisan": "php artisan serve --port $PORT",
        "php": "php -S $HOST:$PORT",
    ]

    /// Runtimes by the programs that run their sources.
    private static let programs = [
        "node": "node", "npm": "node", "pnpm": "node", "yarn": "node", "bun": "node",
        "python": "python", "python3": "python", "go": "go", "ruby": "ruby", "java": "java",
    ]

    /// How a source reads the variable.
    private static let sources = [
        "node": "`process.env.PORT` in the source",
        "bun": "`process.env.PORT` in the source",
        "deno": "`Deno.env.get(\"PORT\")` in the source",
        "python": "`os.environ[\"PORT\"]` in the source",
        "go": "`os.Getenv(\"PORT\")` in the source",
        "ruby": "`ENV[\"PORT\"]` in the source",
        "php": "`getenv(\"PORT\")` in the source",
        "java": "`System.getenv(\"PORT\")` in the source, or `server.port=${PORT}` for Spring",
        "rust": "`std::env::var(\"PORT\")` in the source",
        "elixir": "`System.get_env(\"PORT\")` in the source",
    ]
}
