/// Ruby projects (rules section 10).
struct Ruby {
    let folder: Folder
    /// Gems that the Gemfile names outside comments.
    private let gems: Set<String>
    /// Gems in the lock, those that others bring included.
    private let locked: Set<String>

    static let files = ["Gemfile"]

    /// Gems of mobile and release tooling, which make no Ruby project beside a `package.json`.
    private static let tooling: Set<String> = [
        "fastlane", "cocoapods", "danger", "xcpretty", "xcodeproj", "activesupport",
        "concurrent-ruby",
        "bigdecimal", "logger", "benchmark", "mutex_m", "rubocop",
    ]

    init(_ folder: Folder) {
        self.folder = folder
        let gemfile = folder.source("Gemfile")?.withoutHashLines
        gems = Set(gemfile?.all(#"(?m)^\s*gem[ (]+['"]([^'"]+)['"]"#) ?? [])
        let lock = folder.file("Gemfile.lock").flatMap {
            folder.survey.text($0, headIsEnough: true)
        }
        locked = Set(
            (lock ?? "").split(separator: "\n").compactMap { line in
                guard line.hasPrefix("    "), !line.hasPrefix("     ") else { return nil }
                return line.dropFirst(4).split(separator: " ").first.map(String.init)
            }
        )
    }

    static func matches(_ folder: Folder) -> Bool { folder.has("Gemfile") }

    /// Whether it is more than a Gemfile with tools for a mobile application.
    static func hasEntry(_ folder: Folder) -> Bool {
        let gems = Ruby(folder).gems
        guard !gems.isEmpty else { return true }
        return !gems.allSatisfy {
            tooling.contains($0) || $0.hasPrefix("fastlane") || $0.hasPrefix("danger")
        }
    }

    private func uses(_ gem: String) -> Bool { gems.contains(gem) || locked.contains(gem) }

    func describe() -> Draft {
        var draft = Draft(folder)
        let (id, sign) = identity
        if let entry = folder.survey.catalogue[id] { draft.adopt(entry, sign: sign) }
        draft.detection.language = "ruby"
        draft.detection.packageManager = "bundler"
        draft.note(.packageManager, folder.file("Gemfile"), "Gemfile is there")
        draft.setRuntime("ruby", version)
        draft.set(\.install, "bundle install", folder.file("Gemfile"), "installs the gems")
        if draft.detection.isStatic {
            describeSite(&draft, id, sign)
        } else {
            describeProgram(&draft, id, sign)
        }
        draft.detection.kind = kind(draft.detection)
        return draft
    }

    private func kind(_ detection: Detection) -> Detection.Kind {
        guard detection.projectType == "ruby" else { return .app }
        if !folder.files(endingIn: ".gemspec").isEmpty { return .library }
        return detection.commands.start == nil ? .unknown : .app
    }

    /// Sites first if nothing of Rails is there, then Rails, then the libraries of the Gemfile.
    private var identity: (String, Framework.Sign) {
        let gemfile = folder.file("Gemfile") ?? "Gemfile"
        if let sign = rails { return ("rails", sign) }
        let names = [
            ("jekyll", ["jekyll", "github-pages"]), ("middleman", ["middleman", "middleman-core"]),
            ("bridgetown", ["bridgetown"]), ("hanami", ["hanami"]), ("sinatra", ["sinatra"]),
        ]
        for (id, gemNames) in names {
            if let gem = gemNames.first(where: gems.contains) {
                return (id, .init(file: gemfile, reason: "gem \(gem)"))
            }
        }
        if gems.contains(where: { $0.hasPrefix("jekyll") }), let file = folder.file("_config.yml") {
            return ("jekyll", .init(file: file, reason: "_config.yml is there"))
        }
        if let file = folder.file("config.ru") {
            return ("rack", .init(file: file, reason: "config.ru is there"))
        }
        return ("ruby", .init(file: gemfile, reason: "Gemfile is there"))
    }

    private var rails: Framework.Sign? {
        if let file = folder.file("config/application.rb"),
            folder.source("config/application.rb")?.contains("Rails::Application") ?? false
        {
            return .init(file: file, reason: "it is a Rails::Application")
        }
        if let file = folder.file("bin/rails") {
            return .init(file: file, reason: "bin/rails is there")
        }
        guard let file = folder.file("Gemfile.lock"), locked.contains("rails"),
            folder.files(endingIn: ".gemspec").isEmpty
        else { return nil }
        return .init(file: file, reason: "rails is locked")
    }

    private func describeSite(_ draft: inout Draft, _ id: String, _ sign: Framework.Sign) {
        let entry = folder.survey.catalogue[id]
        draft.set(\.build, entry?.build, sign.file, "how \(entry?.name ?? id) is built")
        draft.set(\.dev, entry?.dev, sign.file, "the server of \(entry?.name ?? id)")
        SiteConfiguration.correct(&draft, id: id)
    }

    // MARK: - Commands

    private func describeProgram(_ draft: inout Draft, _ id: String, _ sign: Framework.Sign) {
        switch id {
        case "rails":
            if compilesAssets {
                draft.set(
                    \.build,
                    "bundle exec rake assets:precompile",
                    sign.file,
                    "the gems bring an asset pipeline"
                )
            }
            draft.set(
                \.start,
                "bundle exec bin/rails server -b 0.0.0.0 -p $PORT",
                sign.file,
                "how Rails is started"
            )
            let ownDev = folder.file("bin/dev")
            draft.set(
                \.dev,
                ownDev == nil ? "bin/rails server" : "bin/dev",
                ownDev ?? sign.file,
                "Rails' own server"
            )
            draft.detection.environment["RAILS_ENV"] = "production"
        case "hanami":
            draft.set(\.build, "bundle exec hanami assets compile", sign.file, "Hanami's assets")
            draft.set(
                \.start,
                "bundle exec hanami server --host 0.0.0.0 --port $PORT",
                sign.file,
                "how Hanami is started"
            )
            draft.set(\.dev, "bundle exec hanami dev", sign.file, "Hanami's own server")
        default: describeRack(&draft, id)
        }
    }

    private var compilesAssets: Bool {
        let isAPI =
            folder.source("config/application.rb")?.withoutHashLines
            .matches(#"config\.api_only\s*=\s*true"#) ?? false
        let pipelines = [
            "sprockets", "sprockets-rails", "propshaft", "sass-rails", "sassc-rails", "webpacker",
            "shakapacker", "vite_rails", "jsbundling-rails", "cssbundling-rails",
            "tailwindcss-rails",
            "importmap-rails",
        ]
        return !isAPI && pipelines.contains(where: uses)
    }

    private func describeRack(_ draft: inout Draft, _ id: String) {
        let program = ["app.rb", "main.rb", "server.rb"].first(where: folder.has)
        if let file = folder.file("config.ru") {
            let start =
                uses("puma")
                ? "bundle exec puma -p $PORT" : "bundle exec rackup config.ru -o 0.0.0.0 -p $PORT"
            draft.set(\.start, start, file, "config.ru is there")
        } else if let file = folder.file("Rakefile"), id != "sinatra" || program == nil,
            folder.files(endingIn: ".gemspec").isEmpty
        {
            draft.set(\.start, "bundle exec rake", file, "Rakefile is there")
        } else if let program {
            draft.set(
                \.start,
                "bundle exec ruby \(program)",
                folder.file(program),
                "the entry file"
            )
        }
        if let program, let source = folder.source(program)?.withoutHashLines,
            let port = Ports.valid(
                source.first(
                    #"(?i)\bport['"]?\s*[,:=]+>?\s*(?:ENV[^\n]*?(?:\|\||,)\s*)?['"]?(\d{2,5})\b"#
                ))
        {
            draft.setPort(port, folder.file(program), "listens on \(port)")
        }
    }

    // MARK: - Version

    private var version: VersionPin? {
        let versions = Versions(folder: folder)
        if let pin = versions.file(".ruby-version") {
            return VersionPin(Self.number(pin.version ?? ""), source: pin.source, file: pin.file)
        }
        if let pin = versions.tool("ruby") { return pin }
        if let file = folder.file("Gemfile"),
            let source = folder.source("Gemfile")?.withoutHashLines,
            let text = source.first(#"(?m)^\s*ruby[ (]+['"]([^'"]+)['"]"#)
        {
            return VersionPin(Versions.floor(text), source: "Gemfile", file: file)
        }
        guard let file = folder.file("Gemfile.lock"), let source = folder.source("Gemfile.lock"),
            let text = source.first(#"RUBY VERSION\n\s+ruby ([\d.]+)"#)
        else { return nil }
        return VersionPin(text, source: "Gemfile.lock", file: file)
    }

    /// `ruby-3.2.1` is 3.2.1; another engine keeps its name.
    private static func number(_ text: String) -> String {
        let plain = text.hasPrefix("ruby-") ? String(text.dropFirst(5)) : text
        guard let patch = plain.firstIndex(of: "p"), plain.first?.isNumber ?? false,
            plain[..<patch].allSatisfy({ $0.isNumber || $0 == "." })
        else { return plain }
        return String(plain[..<patch])
    }
}
