import PreviewCore
import Testing

@Suite("The preview.yaml that init writes")
struct ConfigTemplateTests {
    private func parse(_ text: String) throws(ConfigProblems) -> Config {
        try ConfigCorpus.parser.parse(Array(text.utf8))
    }

    private func template(_ run: Config.RunOverrides = .init()) -> ConfigTemplate {
        var template = ConfigTemplate(
            name: "shop",
            repository: ".",
            branch: "main",
            provider: .local
        )
        template.run = run
        return template
    }

    @Test("R3: read back it gives the values it was made of")
    func roundTrip() throws {
        var run = Config.RunOverrides()
        run.install = "pip install -r requirements.txt"
        run.build = "echo \"#\" && echo '$HOME ${HOME} $$' \\"
        run.start = "flask --app \"app: x\" run --port $PORT"
        run.port = 5000
        run.mode = .dev
        run.image = "python:3.11"
        var template = template(run)
        template.path = "apps/web"
        let config = try parse(template.render())
        #expect(config.name == "shop")
        #expect(config.repository == (try .parse(".")))
        #expect(config.branch == .named("main"))
        #expect(config.path == "apps/web")
        #expect(config.provider == .local)
        #expect(config.run == run)
    }

    @Test(
        "awkward text survives",
        arguments: [
            "yes", "null", "0x1F", "1.10", "- a", "a: b", "a #b", "*a", "&a", "!x", "%x", "@x",
            "`x`",
            "'x'", "\"x\"", "{a}", "[a]", "x:", " x", "x ", "日本", "a\\b", "😀", "~", "<<", "${X}",
            "$$",
            "$${X}", "a\u{A0}b", "on", "...", "a|b>c",
        ]
    )
    func awkward(_ text: String) throws {
        var run = Config.RunOverrides()
        run.start = text + "\n\t\u{85}\u{2028}\u{FEFF}" + text
        run.build = text
        var template = template(run)
        template.name = text
        let config = try parse(template.render())
        #expect(config.name == text)
        #expect(config.run.start == run.start)
        #expect(config.run.build == text)
    }

    @Test("without its comment signs every commented line is valid as well")
    func comments() throws {
        let lines = template().render().split(separator: "\n", omittingEmptySubsequences: false)
        let active = lines.map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            return rest.hasPrefix("#") && !rest.hasPrefix("# ") ? indent + rest.dropFirst() : line
        }
        let config = try parse(active.joined(separator: "\n"))
        #expect(config.run.port == 3000)
        #expect(config.secrets.count == 2)
        #expect(config.words[.machine] != nil)
        let names = Set(
            active.compactMap { $0.split(separator: ":").first.map { $0.drop { $0 == " " } } }
        )
        for key in ConfigKey.all where !key.path.hasPrefix("state") && !key.path.contains("N") {
            #expect(names.contains { $0.hasSuffix(key.name) }, "\(key.path)")
        }
    }

    @Test("it is short enough to read, and ends with a newline")
    func shape() {
        let text = template().render()
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        #expect(text.split(separator: "\n").allSatisfy { $0.unicodeScalars.count <= 120 })
    }
}
