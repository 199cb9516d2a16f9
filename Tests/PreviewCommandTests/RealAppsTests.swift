import PreviewSystem
import Testing

@Suite("J13, K4: real applications boot with what detection found")
struct RealAppsTests {
    /// A small application of `Tests/Fixtures/apps`, whose `preview.yaml` has no `run:`.
    struct App: Sendable, CustomTestStringConvertible {
        var runtime: String
        /// Without these it cannot run here.
        var programs: [String]
        /// What detection finds, as the plan shows it.
        var commands: [String]
        /// Whether its install or build asks the network for packages.
        var needsPackages = false

        var testDescription: String { runtime }
    }

    static let apps = [
        App(
            runtime: "node",
            programs: ["node", "npm"],
            commands: ["npm ci", "npm run build", "npm run start"]
        ),
        App(
            runtime: "python",
            programs: ["python3"],
            commands: [
                "pip install -r requirements.txt", "gunicorn --bind $HOST:$PORT app:app",
            ],
            needsPackages: true
        ),
        App(
            runtime: "go",
            programs: ["go"],
            commands: ["go mod download", "go build -o app .", "./app"]
        ),
        App(
            runtime: "ruby",
            programs: ["ruby"],
            commands: ["bundle install", "bundle exec ruby app.rb"]
        ),
        App(runtime: "php", programs: ["php"], commands: ["php -S $HOST:$PORT"]),
        App(
            runtime: "java",
            programs: ["java", "javac", "mvn"],
            commands: [
                "mvn -B -DskipTests clean package", "java $JAVA_OPTS -jar target/*.jar",
            ],
            needsPackages: true
        ),
    ]

    @Test("an application of every runtime, by its detected commands alone", arguments: apps)
    func boot(_ app: App) async throws {
        let missing = app.programs.filter { Command.locate($0, in: Machine.path) == nil }
        guard missing.isEmpty else {
            try Test.cancel("SKIPPED \(app.runtime): not installed here: \(missing)")
        }
        try await Sandbox.use { box in
            try await box.shell("cp -R '\(Machine.fixtures)/\(app.runtime)/.' .")
            try await box.makeCommit()
            let variables = try Machine.variables(for: box)
            let applied = try await box.preview("apply", "--yes", with: variables)
            if app.needsPackages, applied.code != 0, applied.lacksNetwork {
                try Test.cancel("SKIPPED \(app.runtime): no packages here: \(applied)")
            }
            try #require(applied.code == 0, "\(applied)")
            for command in app.commands { #expect(applied.errors.contains(command)) }
            #expect(try await box.page(of: applied, "/") == "hello from \(app.runtime)\n")
            // A command that takes HOST needs no reminder of it.
            let followsHost = app.commands.contains { $0.contains("$HOST") }
            #expect(!followsHost || !applied.errors.contains("Warning: "), "\(applied)")
            try await box.expectDestroyed()
        }
    }

    @Test("Flask's own tutorial, as published: 500 without its tables, and with them a blog")
    func flaskTutorial() async throws {
        try await Sandbox.use { box in
            try await box.fetchFlask()
            let failed = try await box.bootTutorial()
            #expect(failed.code == 1 && failed.errorCode == "PV0417", "\(failed)")
            #expect(failed.errors.contains("sqlite3.OperationalError: no such table: post"))
            #expect(failed.errors.contains("flask --app flaskr run --host $HOST --port $PORT"))
            #expect(box.processes().isEmpty)
            // Its README has this one command before `run`.
            let applied = try await box.bootTutorial("build: flask --app flaskr init-db")
            try #require(applied.code == 0, "\(applied)")
            try await write(on: try #require(applied.lines.last), in: box)
            try await box.expectDestroyed()
        }
    }

    /// Does as a reader and writer of the blog does.
    private func write(on url: String, in box: Sandbox) async throws {
        let start = try await box.ask("GET", url + "/")
        #expect(start.status == 200 && start.text.contains("<h1>Posts</h1>"), "\(start.text)")
        let ada = "username=ada&password=lovelace"
        let registered = try await box.ask("POST", url + "/auth/register", ada)
        #expect(registered.status == 302)
        let entered = try await box.ask("POST", url + "/auth/login", ada)
        let cookie = try #require(entered.header("Set-Cookie")).prefix { $0 != ";" }
        let post = "title=Engines&body=Note+G"
        let posted = try await box.ask("POST", url + "/create", post, cookie: String(cookie))
        #expect(posted.status == 302)
        #expect(try await box.ask("GET", url + "/").text.contains("Note G"))
    }
}

/// What of this machine a real application needs.
private enum Machine {
    static let fixtures =
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/apps"
    static let path = "/usr/local/bin:/usr/bin:/bin"

    /// How packages are reached here, and the caches that keep a test from asking for them again.
    static func variables(for box: Sandbox) throws -> [String: String] {
        var variables = Host.environment.filter { name, _ in
            name.hasPrefix("PIP_") || name.lowercased().hasSuffix("_proxy")
                || ["SSL_CERT_FILE", "GOPROXY", "GOFLAGS"].contains(name)
        }
        if let home = Host.environment["HOME"] {
            variables["GOCACHE"] = home + "/.cache/go-build"
            variables["PIP_CACHE_DIR"] = home + "/.cache/pip"
            variables["MAVEN_OPTS"] = "-Dmaven.repo.local=\(home)/.m2/repository"
        }
        // Where Ruby came without a `bundle` of that name, it has its own all the same.
        if Command.locate("bundle", in: path) == nil {
            try box.write(
                "\(box.root)/bin/bundle",
                "#!/bin/sh\nexec ruby \"$(ruby -e 'puts Gem.bin_path(%(bundler), %(bundle))')\" \"$@\"\n",
                mode: 0o755
            )
            variables["PATH"] = "\(box.root)/bin:\(path)"
        }
        return variables
    }
}

extension Sandbox {
    fileprivate func makeCommit() async throws {
        try await shell("git init -q -b main . && git add -A && git commit -q -m 'As it is'")
    }

    /// Makes the project what Flask's maintainers publish; cancels the test where that cannot be had.
    fileprivate func fetchFlask() async throws {
        let words = ["download", "-q", "--no-deps", "--no-binary", "flask", "flask>=3,<4"]
        let fetched = try await run(
            ["/usr/bin/python3", "-m", "pip"] + words + ["-d", root + "/sdist"],
            with: Machine.variables(for: self)
        )
        guard fetched.code == 0 else {
            try Test.cancel("SKIPPED Flask's tutorial: it cannot be fetched here: \(fetched)")
        }
        try await shell("tar xzf '\(root)'/sdist/*.tar.gz --strip-components=1")
        try await makeCommit()
    }

    /// Boots the tutorial, by detection and what is said under `run:`.
    fileprivate func bootTutorial(_ run: String = "") async throws -> Outcome {
        try write(
            "preview.yaml",
            "version: 1\nname: flaskr\nrepo: .\nbranch: current\npath: examples/tutorial\n"
                + "provider: local\nrun: { \(run) }\n"
        )
        let applied = try await preview("apply", "--yes", with: Machine.variables(for: self))
        if applied.code != 0, applied.lacksNetwork {
            try Test.cancel("SKIPPED Flask's tutorial: no packages here: \(applied)")
        }
        return applied
    }

    fileprivate func ask(
        _ method: String,
        _ url: String,
        _ form: String? = nil,
        cookie: String? = nil
    ) async throws -> HTTPResponse {
        var headers = [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")]
        if let cookie { headers.append(HTTPHeader("Cookie", cookie)) }
        return try await HTTPClient(userAgent: "preview-tests").send(
            HTTPRequest(
                method,
                url,
                headers: headers,
                body: form.map { Array($0.utf8) },
                timeout: .seconds(30)
            )
        )
    }
}

extension HTTPResponse {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}

extension Outcome {
    /// Whether a package index could not be reached, as pip and Maven say it.
    fileprivate var lacksNetwork: Bool {
        [
            "Temporary failure in name resolution", "Failed to establish a new connection",
            "Connection timed out", "Could not transfer artifact", "Unknown host",
        ].contains { errors.contains($0) }
    }
}
