/// Tools that build sites of files, and what their configuration says of the output.
extension NodeFacts {
    /// Tools whose output is files in a folder that configuration or script names.
    mutating func correctSite(_ id: String) {
        switch id {
        case "vite", "solid", "tanstack-router": vite()
        case "create-react-app", "ionic-react": createReactApp()
        case "vue-cli":
            output(from: "vue.config", #"outputDir\s*:\s*['"`]([^'"`]+)"#)
            port(from: "vue.config", in: "devServer")
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

    private mutating func vite() {
        if package.depends(on: "vite-plus"), !package.depends(on: "vite") {
            (build, dev) = ("vp build", "vp dev")
        }
        option("vite", ["--outDir"])
        option("vp", ["--outDir"])
        output(from: "vite.config", #"outDir['"]?\s*:\s*['"`]([^'"`]+)"#)
        vitePort()
    }

    mutating func vitePort() {
        port(from: "vite.config", in: "server")
    }

    private mutating func createReactApp() {
        let line = ScriptLine(package.script("build") ?? "")
        if line.runs("craco") { build = "craco build" }
        let path = package.script("build")
            .flatMap {
                SourceText($0, patterns: folder.survey.patterns).first(
                    #"BUILD_PATH=['"]?([^\s'"]+)"#
                )
            }
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
        port(from: "rsbuild.config", in: "server")
    }

    private mutating func webpack() {
        output(
            from: "webpack.config",
            #"path\s*:\s*(?:path\.)?(?:resolve|join)\(\s*__dirname\s*,\s*['"`]([^'"`]+)"#
        )
        output(from: "webpack.config", #"path\s*:\s*__dirname\s*\+\s*['"`]\/?([^'"`]+)"#)
        port(from: "webpack.config", in: "devServer")
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
