/// What a framework implies in this very project: the catalogue's values, corrected by the version
/// that is used and by the framework's configuration (rules sections 5 and 6).
struct NodeFacts {
    var build: String?
    var start: String?
    var dev: String?
    var outputDirectory: String?
    /// The configuration that the output directory was read from.
    var outputFile: String?
    /// The configuration that decided how it is started.
    var startFile: String?
    var port: Int?
    var portFile: String?
    /// Whether files are all that is to be served, unless there is a real start script.
    var isStatic = false
    /// Whether a start script cannot work, as that of an exported site.
    var ignoresStartScript = false

    let package: NodePackage
    var folder: Folder { package.folder }

    init(_ framework: Framework?, of package: NodePackage) {
        self.package = package
        build = framework?.build
        start = framework?.start
        dev = framework?.dev
        outputDirectory = framework?.outputDirectory
        port = framework?.port
        isStatic = framework?.isStatic ?? false
        guard let framework else { return }
        correct(for: framework.id)
        if isStatic { start = nil }
    }

    private mutating func correct(for id: String) {
        switch id {
        case "next": next()
        case "nuxt": nuxt()
        case "astro": astro()
        case "react-router": reactRouter()
        case "remix": remix()
        case "sveltekit": svelteKit()
        case "tanstack-start": tanStackStart()
        case "solidstart": solidStart()
        case "hydrogen": hydrogen()
        case "angular": angular()
        case "expo": expo()
        case "sanity", "sanity-v2", "qwik", "sapper": isStatic = true
        default: correctSite(id)
        }
    }

    // MARK: - Reading configuration

    mutating func output(from stem: String, _ pattern: String) {
        guard let (file, source) = folder.configuration(stem), let found = source.first(pattern)
        else { return }
        outputDirectory = found
        outputFile = file
    }

    /// The `port` of an object such as `server: { … }`; one further inside is another's.
    mutating func port(from stem: String, in name: String) {
        guard let (file, source) = folder.configuration(stem),
            let object = source.object(named: name),
            let found = Ports.valid(object.first(#"\bport['"]?\s*:\s*(\d{2,5})\s*(?:,|$)"#))
        else { return }
        port = found
        portFile = file
    }

    /// The output that a script gives to a program.
    mutating func option(_ binary: String, _ names: [String]) {
        for script in package.scripts where script.name.contains("build") {
            let line = ScriptLine(script.text)
            guard line.runs(binary) else { continue }
            for name in names {
                guard let found = line.option(name) else { continue }
                outputDirectory = found
                outputFile = package.file
                return
            }
        }
    }

    func scriptRuns(_ binary: String, _ verb: String) -> Bool {
        package.scripts.contains { ScriptLine($0.text).runs(binary, verb) }
    }

    // MARK: - Meta frameworks

    private mutating func next() {
        // Before it was configuration, the export was a command of its own.
        if scriptRuns("next", "export") {
            outputDirectory = "out"
            isStatic = package.script("start") == nil
        }
        guard let (file, source) = folder.configuration("next.config") else { return }
        let folderName = source.first(#"distDir\s*:\s*['"`]([^'"`]+)"#)
        if let folderName {
            outputDirectory = folderName
            outputFile = file
        }
        guard source.matches(#"(?m)\boutput['"]?\s*[:=]\s*['"`]export['"`]"#) else { return }
        outputDirectory = folderName ?? "out"
        outputFile = file
        startFile = file
        isStatic = true
        // It refuses to serve what was exported; another server may.
        ignoresStartScript = ScriptLine(package.script("start") ?? "").runs("next")
    }

    private mutating func nuxt() {
        port(from: "nuxt.config", in: "devServer")
        let isOld = package.isBelow("nuxt", 3) || package.depends(on: "nuxt-edge")
        let buildText = package.script("build") ?? ""
        let generates = ScriptLine(buildText).commands.contains {
            ["nuxt", "nuxi"].contains($0[0]) && $0.contains("generate")
        }
        if isOld {
            build = "nuxt generate"
            outputDirectory = "dist"
            isStatic = generates || package.script("build") == nil
            start = "nuxt start"
            return
        }
        let isPreset =
            folder.configuration("nuxt.config")?.source
            .matches(#"preset\s*:\s*['"`]static['"`]"#) ?? false
        guard generates || isPreset else { return }
        outputDirectory = ".output/public"
        isStatic = true
    }

    private mutating func astro() {
        if package.isBelow("astro", 3) { port = 3000 }
        guard let (file, source) = folder.configuration("astro.config") else { return }
        if let found = source.first(#"outDir\s*:\s*['"`]([^'"`]+)"#) {
            outputDirectory = found
            outputFile = file
        }
        port(from: "astro.config", in: "server")
        let adapter = source.first(#"@astrojs\/(node|vercel|netlify|cloudflare)"#)
        let isServer = source.matches(#"output\s*:\s*['"`](?:server|hybrid)['"`]"#)
        guard isServer || adapter != nil else { return }
        isStatic = false
        startFile = file
        let folderName = RelativePath.resolve(outputDirectory ?? "dist", from: "") ?? "dist"
        start = adapter == "node" || adapter == nil ? "node ./\(folderName)/server/entry.mjs" : nil
    }

    private mutating func reactRouter() {
        guard let (file, source) = folder.configuration("react-router.config") else { return }
        let folderName = source.first(#"buildDirectory['"]?\s*:\s*['"`]([^'"`]+)"#)
        if let folderName {
            outputDirectory = "\(folderName)/client"
            outputFile = file
            start = "react-router-serve ./\(folderName)/server/index.js"
        }
        guard source.matches(#"(?m)(?:^|[{,])\s*['"]?ssr['"]?\s*:\s*false"#) else { return }
        isStatic = true
        startFile = file
    }

    /// The compiler before Vite has its own configuration file.
    private mutating func remix() {
        guard let file = folder.scriptFile("remix.config") else { return }
        guard !scriptRuns("remix", "vite:build") else { return }
        build = "remix build"
        dev = "remix dev"
        start = "remix-serve build"
        outputDirectory = "public"
        outputFile = file
        port = 3000
    }

    private mutating func hydrogen() {
        guard let file = folder.scriptFile("remix.config") else { return }
        outputDirectory = "public"
        outputFile = file
    }

    private mutating func svelteKit() {
        if package.range(of: "@sveltejs/kit")?.contains("1.0.0-next") ?? false {
            build = "svelte-kit build"
            dev = "svelte-kit dev"
            port = 3000
        }
        if package.depends(on: "@sveltejs/adapter-node") {
            start = "node build"
        } else if package.depends(on: "@sveltejs/adapter-static") {
            isStatic = true
        } else {
            start = "vite preview"
        }
        vitePort()
    }

    private mutating func tanStackStart() {
        let names = ["@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start"]
        let range = names.lazy.compactMap(package.range).first
        if Versions.isBelow(range, [1, 121]) {
            (build, dev) = ("vinxi build", "vinxi dev")
            start = "node .output/server/index.mjs"
            outputDirectory = ".output"
        } else if Versions.isBelow(range, [1, 132]) {
            outputDirectory = "dist"
        }
        let hasNitro = package.depends(
            onAny: ["nitro", "nitropack", "@tanstack/nitro-v2-vite-plugin", "vinxi"])
        if !hasNitro, !Versions.isBelow(range, [1, 121]) {
            start = "npx srvx --prod -s ../client dist/server/server.js"
        }
        vitePort()
    }

    private mutating func solidStart() {
        if package.depends(on: "solid-start"), !package.depends(on: "@solidjs/start") {
            (build, dev, start) = ("solid-start build", "solid-start dev", "solid-start start")
            outputDirectory = "dist"
            return
        }
        let range = package.range(of: "@solidjs/start") ?? ""
        guard let major = Versions.numbers(range).first, major >= 2 else { return }
        (build, dev) = ("vite build", "vite dev")
        outputDirectory = "dist/client"
        port = 5173
    }

    // MARK: - Applications of one framework's command line

    private mutating func angular() {
        let output = AngularWorkspace(folder, package: package)
        outputDirectory = output.outputDirectory
        outputFile = output.file
        if let found = output.port {
            port = found
            portFile = output.file
        }
        guard output.rendersOnServer, let base = output.base else {
            isStatic = true
            return
        }
        isStatic = false
        start = "node \(base)/server/server.mjs"
        startFile = output.file
    }

    /// Native, unless the web is asked for.
    private mutating func expo() {
        let json = folder.json("app.json")?["expo"]?["web"]?["output"]?.string
        let script = folder.configuration("app.config")?.source
            .first(#"web\s*:\s*\{[^}]*?output\s*:\s*['"`](\w+)"#)
        let output = json ?? script
        isStatic = true
        guard package.depends(on: "react-native-web"), let output,
            ["static", "single"].contains(output)
        else {
            build = nil
            outputDirectory = nil
            return
        }
        outputFile = folder.file("app.json")
    }
}
