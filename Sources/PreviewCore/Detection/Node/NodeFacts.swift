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

    private let package: NodePackage
    private var folder: Folder { package.folder }

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

    /// Tools whose output is files in a folder that configuration or script names.
    private mutating func correctSite(_ id: String) {
        switch id {
        case "vite", "solid", "tanstack-router": vite()
        case "create-react-app", "ionic-react": createReactApp()
        case "vue-cli":
            output(from: "vue.config", #"outputDir\s*:\s*['"`]([^'"`]+)"#)
            port(from: "vue.config", #"devServer\s*:\s*\{[^}]*?port\s*:\s*(\d{2,5})"#)
        case "eleventy": eleventy()
        case "vitepress", "vuepress": documentation(id)
        case "docusaurus": option("docusaurus", ["--out-dir"])
        case "docusaurus-1": docusaurusOne()
        case "parcel":
            option("parcel", ["--dist-dir", "-d", "--out-dir"])
        case "storybook": option("storybook", ["-o", "--output-dir"])
        case "gridsome": output(from: "gridsome.config", #"outputDir\s*:\s*['"`]([^'"`]+)"#)
        case "stencil": output(from: "stencil.config", #"dir\s*:\s*['"`]([^'"`]+)"#)
        case "rspack": rspack()
        case "webpack": webpack()
        case "quasar": quasar()
        case "hexo": hexo()
        case "ember": option("ember", ["--output-path", "-o"])
        default: break
        }
    }

    // MARK: - Reading configuration

    private mutating func output(from stem: String, _ pattern: String) {
        guard let (file, source) = folder.configuration(stem), let found = source.first(pattern)
        else { return }
        outputDirectory = found
        outputFile = file
    }

    private mutating func port(from stem: String, _ pattern: String) {
        guard let (file, source) = folder.configuration(stem),
            let found = Ports.valid(source.first(pattern))
        else { return }
        port = found
        portFile = file
    }

    /// The output that a script gives to a program.
    private mutating func option(_ binary: String, _ names: [String]) {
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

    private func scriptRuns(_ binary: String, _ verb: String) -> Bool {
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
        ignoresStartScript = true
    }

    private mutating func nuxt() {
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
        let isPreset = folder.configuration("nuxt.config")?.source
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
        if let found = Ports.valid(source.first(#"server\s*:\s*\{[^}]*?port\s*:\s*(\d{2,5})"#)) {
            port = found
            portFile = file
        }
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

    // MARK: - Sites

    private mutating func vite() {
        if package.depends(on: "vite-plus"), !package.depends(on: "vite") {
            (build, dev) = ("vp build", "vp dev")
        }
        option("vite", ["--outDir"])
        option("vp", ["--outDir"])
        output(from: "vite.config", #"outDir['"]?\s*:\s*['"`]([^'"`]+)"#)
        vitePort()
    }

    private mutating func vitePort() {
        port(from: "vite.config", #"server['"]?\s*:\s*\{(?:[^{}]|\{[^{}]*\})*?port['"]?\s*:\s*(\d{2,5})"#)
    }

    private mutating func createReactApp() {
        let line = ScriptLine(package.script("build") ?? "")
        if line.runs("craco") { build = "craco build" }
        let path = package.script("build")
            .flatMap { SourceText($0, patterns: folder.survey.patterns).first(#"BUILD_PATH=['"]?([^\s'"]+)"#) }
        guard let path else { return }
        outputDirectory = path
        outputFile = package.file
    }

    private mutating func eleventy() {
        option("eleventy", ["--output"])
        let pattern = #"output['"]?\s*:\s*['"`]([^'"`]+)"#
        for stem in [".eleventy", "eleventy.config"] { output(from: stem, pattern) }
        output(from: "eleventy.config", #"setOutputDirectory\(\s*['"`]([^'"`]+)"#)
    }

    /// The source folder that the script names is where the output goes.
    private mutating func documentation(_ id: String) {
        let source = package.scripts.lazy.compactMap { script -> String? in
            let command = ScriptLine(script.text).commands.first { $0[0] == id }
            guard let command, command.count > 1, ["build", "dev"].contains(command[1]) else {
                return nil
            }
            return command.dropFirst(2).first { !$0.hasPrefix("-") } ?? ""
        }.first
        let known = [source, "docs", "src", ""].compactMap { $0 }
            .first { folder.hasFolder(RelativePath.join($0, ".\(id)")) }
        let chosen = source ?? known
        if let chosen, let base = RelativePath.resolve(chosen, from: "") {
            outputDirectory = RelativePath.join(base, ".\(id)/dist")
            outputFile = package.file
            let argument = base.isEmpty ? "" : " \(base)"
            build = "\(id) build\(argument)"
            dev = "\(id) dev\(argument)"
        }
        guard let base = chosen.flatMap({ RelativePath.resolve($0, from: "") }) else { return }
        let configuration = RelativePath.join(base, ".\(id)/config")
        guard let (file, source) = folder.configuration(configuration) else { return }
        let name = id == "vitepress" ? "outDir" : "dest"
        guard let written = source.first(#"\b\#(name)\s*:\s*['"`]([^'"`]+)"#),
            let found = RelativePath.resolve(written, from: id == "vitepress" ? base : "")
        else { return }
        outputDirectory = found
        outputFile = file
    }

    private mutating func docusaurusOne() {
        guard let text = folder.source("siteConfig.js")?.withoutComments,
            let name = text.first(#"projectName\s*:\s*['"`]([^'"`]+)"#)
        else { return }
        outputDirectory = "build/\(name)"
        outputFile = folder.file("siteConfig.js")
    }

    private mutating func rspack() {
        if package.depends(on: "@rspack/cli"), !package.depends(on: "@rsbuild/core") {
            (build, dev, port) = ("rspack build", "rspack serve", 8080)
        }
        output(from: "rsbuild.config", #"distPath\s*:\s*\{[^}]*?root\s*:\s*['"`]([^'"`]+)"#)
        port(from: "rsbuild.config", #"server\s*:\s*\{[^}]*?port\s*:\s*(\d{2,5})"#)
    }

    private mutating func webpack() {
        output(
            from: "webpack.config",
            #"path\s*:\s*(?:path\.)?(?:resolve|join)\(\s*__dirname\s*,\s*['"`]([^'"`]+)"#)
        output(from: "webpack.config", #"path\s*:\s*__dirname\s*\+\s*['"`]\/?([^'"`]+)"#)
        port(from: "webpack.config", #"devServer\s*:\s*\{(?:[^{}]|\{[^{}]*\})*?port\s*:\s*(\d{2,5})"#)
    }

    private mutating func quasar() {
        guard package.depends(on: "quasar-cli"),
            !package.depends(onAny: ["@quasar/app", "@quasar/app-vite", "@quasar/app-webpack"])
        else { return }
        (outputDirectory, port) = (".quasar", 8080)
    }

    private mutating func hexo() {
        guard let found = folder.yaml("_config.yml")?["public_dir"]?.string else { return }
        outputDirectory = found
        outputFile = folder.file("_config.yml")
    }
}

/// What `angular.json` says of the first application.
struct AngularWorkspace {
    private(set) var file: String?
    /// The folder that everything is built into.
    private(set) var base: String?
    private(set) var outputDirectory: String?
    private(set) var rendersOnServer = false
    private(set) var port: Int?

    init(_ folder: Folder, package: NodePackage) {
        file = folder.file("angular.json")
        let json = folder.json("angular.json")
        let project = json.flatMap(Self.project)
        guard let (name, value) = project else {
            guess(folder, package: package)
            return
        }
        let targets = value["architect"] ?? value["targets"]
        let build = targets?["build"]
        let options = build?["options"]
        let path = options?["outputPath"]
        let builder = build?["builder"]?.string ?? build?["executor"]?.string ?? ""
        let isApplication = builder.hasSuffix(":application") || options?["browser"] != nil
        base = path?.string ?? path?["base"]?.string ?? "dist/\(name)"
        let browser = path?["browser"]?.string ?? (isApplication ? "browser" : "")
        outputDirectory = base.map { RelativePath.join($0, browser) }
        port = Ports.valid(targets?["serve"]?["options"]?["port"])
        let renders = options?["ssr"].map { $0.bool ?? true } ?? false
        rendersOnServer =
            isApplication && (options?["outputMode"]?.string == "server" || renders)
    }

    /// The default project, else the first application.
    private static func project(_ json: JSONValue) -> (String, JSONValue)? {
        let projects = json["projects"]?.object?.members ?? []
        if let name = json["defaultProject"]?.string,
            let found = projects.first(where: { $0.name == name })
        {
            return (found.name, found.value)
        }
        let first = projects.first { $0.value["projectType"]?.string != "library" } ?? projects.first
        return first.map { ($0.name, $0.value) }
    }

    /// Without `angular.json`: the old configuration, or the convention of the version.
    private mutating func guess(_ folder: Folder, package: NodePackage) {
        if let old = folder.json(".angular-cli.json") {
            file = folder.file(".angular-cli.json")
            outputDirectory = old["apps"]?.array?.first?["outDir"]?.string ?? "dist"
            return
        }
        file = package.file
        guard let name = package.name.map(RelativePath.name), !name.isEmpty else {
            outputDirectory = "dist"
            return
        }
        let isOld = package.isBelow("@angular/core", 17)
        outputDirectory = isOld ? "dist/\(name)" : "dist/\(name)/browser"
    }
}
