/// Sites made of files, with or without a generator, shell programs and containers (rules sections
/// 18 and 19).
struct Sites {
    let folder: Folder

    // MARK: - Generators

    /// Generators that stand on their own, by what shows them.
    static func generator(_ folder: Folder) -> (Framework, Framework.Sign)? {
        let ids = [
            "hugo", "zola", "jekyll", "middleman", "mkdocs", "pelican", "lektor", "mdbook",
            "cecil", "sphinx",
        ]
        for id in ids {
            guard let entry = folder.survey.catalogue[id], let sign = sign(of: entry, in: folder)
            else {
                continue
            }
            return (entry, sign)
        }
        return nil
    }

    private static func sign(of entry: Framework, in folder: Folder) -> Framework.Sign? {
        switch entry.id {
        case "hugo": return hugo(entry, folder)
        // The file is also what GitHub Pages reads for a theme; a site has pages to lay out.
        case "jekyll":
            guard let sign = entry.fileSign(in: folder), !isHexo(folder) else { return nil }
            let hasPages =
                ["_posts", "_layouts", "_includes"].contains(where: folder.hasFolder)
                || folder.has("index.md") || folder.has("index.markdown")
                || folder.has("index.html")
            let isAlone = NodePackage.read(folder) == nil
            return hasPages || isAlone ? sign : nil
        case "middleman":
            guard folder.hasFolder("source") else { return nil }
            return entry.fileSign(in: folder)
        // The documents of a program are not what the program is.
        case "sphinx":
            guard !Language.all.contains(where: { $0.matches(folder) }) else { return nil }
            return SiteConfiguration.sphinxSource(folder).map {
                .init(file: $0, reason: "the configuration of Sphinx is there")
            }
        default: return entry.sign(in: folder)
        }
    }

    private static func isHexo(_ folder: Folder) -> Bool {
        NodePackage.read(folder)?.depends(on: "hexo") ?? false
    }

    /// `config.toml` with `base_url` is Zola's.
    private static func hugo(_ entry: Framework, _ folder: Folder) -> Framework.Sign? {
        if let sign = entry.fileSign(in: folder) { return sign }
        if let sign = entry.contentSign(in: folder) { return sign }
        guard folder.hasFolder("content") || folder.hasFolder("archetypes") else { return nil }
        let other = folder.first(of: [
            "config/_default/config.toml", "config/_default/hugo.yaml",
            "config/_default/config.yaml",
        ])
        return other.map { .init(file: $0, reason: "Hugo's configuration is there") }
    }

    /// A site of a generator, with the tools of a `package.json` beside it.
    static func describe(_ folder: Folder, _ entry: Framework, _ sign: Framework.Sign) -> Draft {
        var draft = Draft(folder)
        draft.adopt(entry, sign: sign)
        if let node = Node(folder) {
            let tools = node.describe().detection
            draft.detection.scripts = tools.scripts
            draft.detection.packageManager = tools.packageManager
            draft.detection.evidence += tools.evidence.filter { $0.field == .packageManager }
            draft.detection.runtime = tools.runtime
            draft.set(\.install, tools.commands.install, node.package.file, "tools of the site")
        }
        let own =
            draft.detection.scripts.contains("build")
            ? Node(folder)?.describe().detection.commands.build : nil
        draft.set(
            \.build,
            own ?? entry.build,
            own == nil ? sign.file : folder.file("package.json"),
            "how \(entry.name) is built"
        )
        draft.set(\.dev, entry.dev, sign.file, "the server of \(entry.name)")
        SiteConfiguration.correct(&draft, id: entry.id)
        draft.detection.kind = .app
        return draft
    }

    // MARK: - Files

    /// The folder of a site without a generator, and what shows it.
    static func root(_ folder: Folder) -> (place: String, sign: Framework.Sign)? {
        if let file = folder.file("Staticfile") {
            let root = folder.yaml("Staticfile")?["root"]?.string
            return (root ?? inferredRoot(folder), .init(file: file, reason: "Staticfile is there"))
        }
        let pages = [
            ("public", "public/index.html"), (".", "index.html"), ("dist", "dist/index.html"),
            ("site", "site/index.html"), ("docs", "docs/index.html"), ("www", "www/index.html"),
        ]
        for (place, page) in pages {
            if let file = folder.file(page) {
                return (place, .init(file: file, reason: "a page is there"))
            }
        }
        guard folder.hasFolder("public"),
            let file = folder.folder("public").fileNames.first.flatMap({
                folder.file("public/\($0)")
            })
        else { return nil }
        return ("public", .init(file: file, reason: "the folder public is there"))
    }

    private static func inferredRoot(_ folder: Folder) -> String {
        folder.hasFolder("public") ? "public" : "."
    }

    /// A site of files as they are.
    func files(_ place: String, _ sign: Framework.Sign) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue["static"] else { return draft }
        draft.adopt(entry, sign: sign)
        draft.setOutput(place, sign.file, "the files themselves")
        draft.detection.kind = .app
        return draft
    }

    /// A program of the shell.
    func shell(_ name: String) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue["shell"], let file = folder.file(name) else {
            return draft
        }
        draft.adopt(entry, sign: .init(file: file, reason: "\(name) is there"))
        let first = folder.text(name)?.split(separator: "\n").first ?? ""
        draft.set(\.start, "\(Self.interpreter(String(first))) \(name)", file, "its first line")
        draft.detection.kind = .app
        return draft
    }

    /// The shell of a first line; `sh` for none, bash for shells that a machine may not have.
    private static func interpreter(_ line: String) -> String {
        guard line.hasPrefix("#!") else { return "sh" }
        let words = line.dropFirst(2).split(whereSeparator: \.isWhitespace)
            .map { RelativePath.name(of: String($0)) }.filter { $0 != "env" && !$0.hasPrefix("-") }
        switch words.first {
        case "ksh", "fish": return "bash"
        case let name?: return name
        case nil: return "sh"
        }
    }

    /// Pages made with Guile's Haunt.
    func haunt() -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue["scheme"], let file = folder.file("haunt.scm")
        else {
            return draft
        }
        draft.adopt(entry, sign: .init(file: file, reason: "haunt.scm is there"))
        draft.detection.framework = entry.name
        draft.set(\.build, entry.build, file, "how Haunt builds")
        draft.set(\.start, entry.start, file, "how the catalogue starts it")
        draft.detection.kind = .app
        return draft
    }
}

/// Where the configuration of a site generator sends its output.
enum SiteConfiguration {
    static func correct(_ draft: inout Draft, id: String) {
        let folder = draft.folder
        let found: (String?, String?) =
            switch id {
            case "hugo": hugo(folder)
            case "jekyll":
                (folder.yaml("_config.yml")?["destination"]?.string, folder.file("_config.yml"))
            case "mkdocs": mkdocs(folder)
            case "zola":
                (folder.toml("config.toml")?["output_dir"]?.string, folder.file("config.toml"))
            case "mdbook":
                (folder.toml("book.toml")?["build"]?["build-dir"]?.string, folder.file("book.toml"))
            case "middleman":
                (
                    folder.source("config.rb")?.first(
                        #"(?m)^\s*set\s+:build_dir\s*,\s*['"]([^'"]+)['"]"#
                    ),
                    folder.file("config.rb")
                )
            case "sphinx": sphinx(&draft)
            default: (nil, nil)
            }
        if let place = found.0, let file = found.1 {
            draft.setOutput(place, file, "read from there")
        }
        draft.detection.isStatic = true
    }

    private static func hugo(_ folder: Folder) -> (String?, String?) {
        for name in [
            "hugo.toml", "config.toml", "config/_default/hugo.toml", "config/_default/config.toml",
        ] {
            if let place = folder.toml(name)?.ignoringCase("publishDir") {
                return (place, folder.file(name))
            }
        }
        for name in ["hugo.yaml", "config.yaml", "config/_default/hugo.yaml"] {
            if let place = folder.yaml(name)?.ignoringCase("publishDir") {
                return (place, folder.file(name))
            }
        }
        for name in ["hugo.json", "config.json"] {
            if let place = folder.json(name)?.ignoringCase("publishDir") {
                return (place, folder.file(name))
            }
        }
        return (nil, nil)
    }

    /// The configuration that lies beside a first page.
    static func sphinxSource(_ folder: Folder) -> String? {
        for place in ["docs", "", "docs/source", "doc"] {
            let inside = folder.folder(place)
            let pages = ["index.rst", "index.md", "index.txt", "Makefile"]
            if let file = inside.file("conf.py"), inside.first(of: pages) != nil { return file }
        }
        return nil
    }

    /// Builds beside its sources, as its own Makefile does.
    private static func sphinx(_ draft: inout Draft) -> (String?, String?) {
        let folder = draft.folder
        guard let file = sphinxSource(folder) else { return (nil, nil) }
        let source = String(RelativePath.folder(of: file).dropFirst(folder.path.count))
            .split(separator: "/").joined(separator: "/")
        let output = RelativePath.join(source, "_build/html")
        let place = source.isEmpty ? "." : source
        draft.set(\.build, "sphinx-build -b html \(place) \(output)", file, "how Sphinx is built")
        let list = RelativePath.join(source, "requirements.txt")
        if draft.detection.commands.install == nil, let listed = folder.file(list) {
            draft.detection.packageManager = "pip"
            draft.note(.packageManager, listed, "requirements.txt is there")
            draft.set(\.install, "pip install -r \(list)", listed, "installs what it says")
        }
        return (output, file)
    }

    private static func mkdocs(_ folder: Folder) -> (String?, String?) {
        for name in ["mkdocs.yml", "mkdocs.yaml"] {
            if let place = folder.source(name)?.first(#"(?m)^site_dir:\s*['"]?([^'"\s#]+)"#) {
                return (place, folder.file(name))
            }
        }
        return (nil, nil)
    }
}

extension JSONValue {
    /// The text of a member whose name may be in any case, as Hugo reads its configuration.
    fileprivate func ignoringCase(_ name: String) -> String? {
        object?.members.first { $0.name.lowercased() == name.lowercased() }?.value.string
    }
}
