/// PHP projects (rules section 13).
struct PHP {
    let folder: Folder
    private let composer: JSONValue?

    static let files = ["composer.json", "index.php", "artisan", "wp-config.php"]

    init(_ folder: Folder) {
        self.folder = folder
        composer = folder.json("composer.json")
    }

    static func matches(_ folder: Folder) -> Bool {
        folder.first(of: files) != nil
            || folder.has("public/index.php") && NodePackage.read(folder) == nil
    }

    /// Whether there is something to serve, not only a manifest of tools.
    static func hasEntry(_ folder: Folder) -> Bool {
        folder.first(of: [
            "index.php", "public/index.php", "artisan", "bin/console", "web/index.php",
        ])
            != nil || PHP(folder).framework != nil
    }

    private func requires(_ package: String) -> Bool { composer?["require"]?[package] != nil }

    private var framework: (Framework, Framework.Sign)? {
        for entry in folder.survey.catalogue.frameworks(of: "php") where !entry.isRuntime {
            // Lumen has an `artisan` as well.
            let isLumen = entry.id == "laravel" && requires("laravel/lumen-framework")
            if !isLumen, let sign = entry.sign(in: folder) { return (entry, sign) }
        }
        return nil
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        let found = framework
        if let (entry, sign) = found {
            draft.adopt(entry, sign: sign)
        } else if let entry = folder.survey.catalogue["php"],
            let file = folder.first(of: Self.files + ["public/index.php"])
        {
            draft.adopt(
                entry,
                sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
            )
        }
        draft.detection.language = "php"
        draft.setRuntime("php", version)
        if let file = folder.file("composer.json") {
            draft.detection.packageManager = "composer"
            draft.note(.packageManager, file, "composer.json is there")
            draft.set(
                \.install,
                "composer install --no-dev --optimize-autoloader",
                file,
                "installs what composer.json says"
            )
        }
        describeCommands(&draft, found?.0, found?.1.file)
        let isLibrary = composer?["type"]?.string == "library" || found == nil && !hasPage
        draft.detection.kind = isLibrary && found == nil ? .library : .app
        if draft.detection.kind == .library { draft.forgetPort() }
        return draft
    }

    private var hasPage: Bool {
        folder.first(of: ["index.php", "public/index.php", "web/index.php"]) != nil
    }

    private func describeCommands(_ draft: inout Draft, _ entry: Framework?, _ file: String?) {
        switch entry?.id {
        case "laravel", "statamic":
            draft.set(
                \.start,
                "php artisan serve --host=0.0.0.0 --port=$PORT",
                file,
                "how Laravel is started"
            )
            let hasScript = composer?["scripts"]?["dev"] != nil
            draft.set(
                \.dev,
                hasScript ? "composer run dev" : "php artisan serve",
                hasScript ? folder.file("composer.json") : file,
                "Laravel's own server"
            )
        case "drupal":
            draft.set(\.start, "php -S 0.0.0.0:$PORT -t \(drupalRoot)", file, "Drupal's web root")
        case let id?:
            let isSite = entry?.isStatic ?? false
            draft.set(
                \.build,
                id == "symfony" || isSite ? entry?.build : nil,
                file,
                "how \(entry?.name ?? "it") is built"
            )
            draft.set(
                \.start,
                isSite ? nil : hosted(entry?.start),
                file,
                "how \(entry?.name ?? "it") is started"
            )
            draft.set(\.dev, entry?.dev, file, "the server of \(entry?.name ?? "it")")
        case nil: describePlain(&draft)
        }
    }

    /// Servers that listen on one machine only are told to listen on all.
    private func hosted(_ command: String?) -> String? {
        switch command {
        case "php spark serve": "php spark serve --host 0.0.0.0 --port $PORT"
        case "bin/cake server -H 0.0.0.0": "bin/cake server -H 0.0.0.0 -p $PORT"
        case "php -S 0.0.0.0:$PORT" where !folder.has("index.php") && folder.has("web/index.php"):
            "php -S 0.0.0.0:$PORT -t web"
        default: command
        }
    }

    private func describePlain(_ draft: inout Draft) {
        if let file = folder.file("public/index.php") {
            draft.set(\.start, "php -S 0.0.0.0:$PORT -t public", file, "public/index.php is there")
        } else if let file = folder.file("index.php") {
            draft.set(\.start, "php -S 0.0.0.0:$PORT", file, "index.php is there")
        } else if let file = folder.file("web/index.php") {
            draft.set(\.start, "php -S 0.0.0.0:$PORT -t web", file, "web/index.php is there")
        }
    }

    private var drupalRoot: String {
        let scaffold = composer?["extra"]?["drupal-scaffold"]?["locations"]?["web-root"]?.string
        guard let scaffold, let path = RelativePath.resolve(scaffold, from: "") else {
            return folder.has("core/lib/Drupal.php") ? "." : "web"
        }
        return path.isEmpty ? "." : path
    }

    private var version: VersionPin? {
        if let file = folder.file("composer.json") {
            let platform = composer?["config"]?["platform"]?["php"]?.string
            if let text = composer?["require"]?["php"]?.string ?? platform {
                return VersionPin(Self.newest(text), source: "composer.json", file: file)
            }
        }
        let versions = Versions(folder: folder)
        return versions.file(".php-version") ?? versions.tool("php")
    }

    /// The highest of the alternatives of a constraint, by its floor.
    private static func newest(_ constraint: String) -> String? {
        constraint.split(separator: "|").compactMap { Versions.floor(String($0)) }
            .max { Versions.numbers($0).lexicographicallyPrecedes(Versions.numbers($1)) }
    }
}
