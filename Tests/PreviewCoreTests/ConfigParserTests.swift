import PreviewCore
import Testing

@Suite("Reading preview.yaml")
struct ConfigParserTests {
    private func parse(_ text: String) throws(ConfigProblems) -> Config {
        try ConfigCorpus.parser.parse(Array(text.utf8))
    }

    private func parse(with text: String) throws(ConfigProblems) -> Config {
        try parse("repo: acme/shop\n" + text + "\n")
    }

    @Test("only `repo` is required, and every other key has the documented default")
    func defaults() throws {
        let config = try parse("repo: acme/shop\n")
        #expect(config == Config(name: "shop", repository: try .parse("acme/shop")))
        var document = JSONObject()
        for key in ConfigKey.all where key.defaultValue != nil && !key.path.hasPrefix("state") {
            let parts = key.path.split(separator: ".").map(String.init)
            if parts.count == 1 {
                document[parts[0]] = key.defaultValue
            } else {
                var section = document[parts[0]]?.object ?? JSONObject()
                section[parts[1]] = key.defaultValue
                document[parts[0]] = .object(section)
            }
        }
        document["repo"] = "acme/shop"
        document["state"] = ["store": "file", "path": ".preview"]
        let spelt = String(decoding: JSONWriter.line(.object(document)), as: UTF8.self)
        #expect(try parse(spelt) == config)
    }

    @Test("every key of the contract's example arrives")
    func everything() throws {
        let bytes = try ConfigCorpus.bytes(ConfigCorpus.folder + "/valid/everything.yaml")
        let config = try ConfigCorpus.parser.parse(bytes)
        #expect(config.name == "shop")
        #expect(config.isNameGiven)
        #expect(config.repository.remote?.url == "https://github.com/acme/shop")
        #expect(config.branch == .named("main"))
        #expect(config.path == "apps/web")
        #expect(config.provider == .fly)
        #expect(config.regions == ["dfw"])
        #expect(config.resources == .init(size: "shared-cpu-2x", cpu: 2, memory: 1024))
        #expect(config.environment == ["NODE_ENV": "production"])
        let secrets = [
            SecretReference(name: "DATABASE_URL", source: .environment("DATABASE_URL")),
            SecretReference(name: "API_KEY", source: .file("~/.keys/api")),
        ]
        #expect(config.secrets == secrets)
        #expect(config.run.install == "npm ci")
        #expect(config.run.build == "npm run build")
        #expect(config.run.start == "npm start")
        #expect(config.run.port == 3000)
        #expect(config.run.mode == .production)
        #expect(config.run.image == "node:22")
        #expect(config.health.path == "/")
        #expect(config.health.timeout == 120)
        #expect(config.lifecycle.autoStart)
        #expect(config.lifecycle.idleTimeout == 3600)
        #expect(config.lifecycle.ttl == 72 * 3600)
        #expect(config.timeouts == Config.PhaseTimeouts())
        #expect(config.retries == Config.Retries())
        #expect(config.hooks.onComplete == "./notify.sh")
        #expect(config.hooks.onError == "./notify.sh")
        let words = Config.StepWords(title: "Reserve a box", description: "A small one, close by")
        #expect(config.words == [.machine: words])
        #expect(config.limits.maxPreviews == 10)
        #expect(config.limits.maxMonthlyCostCents == 2000)
        #expect(config.state == .standard)
        #expect(config.stateKey == nil)
    }

    @Test("values that differ from every default arrive, section by section")
    func others() throws {
        let config = try parse(
            with: """
                branch: current
                region: [ord, iad]
                run: {install: "", mode: dev}
                health: {path: /up, timeout: 5m}
                lifecycle: {auto_start: false, idle_timeout: never, ttl: 7d}
                timeouts: {clone: 1m, install: 2m, build: 3m, start: 4m}
                retries: {attempts: 5, backoff: 0s}
                limits: {max_monthly_cost: 19.99}
                steps: {"1": {title: A}, 4: {description: B}}
                """
        )
        #expect(config.branch == .current)
        #expect(config.regions == ["ord", "iad"])
        #expect(config.run.install == "")
        #expect(config.run.build == nil)
        #expect(config.run.mode == .dev)
        #expect(config.health.path == "/up")
        #expect(config.health.timeout == 300)
        #expect(!config.lifecycle.autoStart)
        #expect(config.lifecycle.idleTimeout == nil)
        #expect(config.lifecycle.ttl == 7 * 86400)
        let timeouts = config.timeouts
        #expect(
            [timeouts.clone, timeouts.install, timeouts.build, timeouts.start] == [
                60, 120, 180, 240,
            ]
        )
        #expect(config.retries.attempts == 5)
        #expect(config.retries.backoff == 0)
        #expect(config.limits.maxPreviews == nil)
        #expect(config.limits.maxMonthlyCostCents == 1999)
        #expect(config.words[.repository] == Config.StepWords(title: "A"))
        #expect(config.words[.boot] == Config.StepWords(description: "B"))
    }

    @Test(
        "R-29: different spellings of one size are one size",
        arguments: [
            ("{}", "shared-cpu-2x", 2, 512), ("{size: shared-cpu-2x}", "shared-cpu-2x", 2, 512),
            ("{cpu: 2}", "shared-cpu-2x", 2, 512), ("{memory: 512mb}", "shared-cpu-2x", 2, 512),
            ("{memory: 1gb}", "shared-cpu-2x", 2, 1024),
            ("{memory: 1024}", "shared-cpu-2x", 2, 1024),
            ("{memory: \"1024\"}", "shared-cpu-2x", 2, 1024),
            ("{memory: 0x400}", "shared-cpu-2x", 2, 1024), ("{cpu: 4}", "shared-cpu-4x", 4, 1024),
            ("{size: shared-cpu-2x, cpu: 1, memory: 256}", "shared-cpu-1x", 1, 256),
            ("{size: performance-2x}", "performance-2x", 2, 4096),
            ("{size: performance-1x, cpu: 16, memory: 128gb}", "performance-16x", 16, 131072),
        ]
    )
    func sizes(_ text: String, _ size: String, _ cpu: Int, _ memory: Int) throws {
        let config = try parse(with: "resources: \(text)")
        #expect(config.resources == Config.Resources(size: size, cpu: cpu, memory: memory))
    }

    @Test(
        "U9: durations are 90s, 5m, 1h and 7d",
        arguments: [("90s", 90), ("5m", 300), ("1h", 3600), ("7d", 604_800), ("007m", 420)]
    )
    func durations(_ text: String, _ seconds: Int) throws {
        #expect(try parse(with: "health: {timeout: \(text)}").health.timeout == seconds)
    }

    @Test("values of `env` are text as it is written")
    func environment() throws {
        let text = "env: {A: 1.10, B: 0x1F, C: yes, D: TRUE, E: '007', F: 1e3, G: \"\", H: -0}"
        #expect(
            try parse(with: text).environment == [
                "A": "1.10", "B": "0x1F", "C": "yes", "D": "TRUE", "E": "007", "F": "1e3", "G": "",
                "H": "-0",
            ]
        )
    }

    @Test("secrets come from the environment or a file, in file order")
    func secrets() throws {
        let text = "secrets: [Z, {name: B, from: env:C}, {name: A, from: 'file:/x y'}, {name: D}]"
        let expected: [SecretReference] = [
            .init(name: "Z", source: .environment("Z")),
            .init(name: "B", source: .environment("C")),
            .init(name: "A", source: .file("/x y")), .init(name: "D", source: .environment("D")),
        ]
        #expect(try parse(with: text).secrets == expected)
    }

    @Test(
        "variables are filled in",
        arguments: [
            ("${APP_NAME}", "shop"), ("a-${APP_NAME}-${REGION}", "a-shop-fra"),
            ("${NOT_SET:-main}", "main"), ("${EMPTY:-x}", "x"), ("x${EMPTY}y", "xy"),
            ("${APP_NAME:-x}", "shop"), ("$$", "$"), ("$${APP_NAME}", "${APP_NAME}"),
            ("$$$${APP_NAME}", "$${APP_NAME}"), ("$$${APP_NAME}", "$shop"),
            ("$APP_NAME", "$APP_NAME"),
            ("${NOT_SET:-a$$b$c}", "a$b$c"), ("${NOT_SET:-:-}", ":-"), ("a$", "a$"),
            ("${EMPTY:-}", ""),
            ("ü${APP_NAME}", "üshop"), ("}{${APP_NAME}}", "}{shop}"),
        ]
    )
    func variables(_ text: String, _ value: String) throws {
        #expect(try parse(with: "env: {A: \"\(text)\"}").environment["A"] == value)
    }

    @Test("a value that came from a variable is not filled in again")
    func onlyOnce() throws {
        let parser = ConfigParser(file: "preview.yaml") { _ in "${B} $$" }
        let config = try parser.parse(Array("repo: a/b\nenv: {A: \"${B}\"}\n".utf8))
        #expect(config.environment["A"] == "${B} $$")
    }

    @Test("keys are never filled in")
    func keys() {
        #expect(throws: ConfigProblems.self) { try parse(with: "env: {\"${APP_NAME}\": x}") }
    }

    @Test("a path inside the repository is kept without outer slashes and dots")
    func subfolder() throws {
        #expect(try parse(with: "path: ./apps//web/./").path == "apps/web")
        #expect(try parse(with: "path: .").path == "")
    }

    @Test(
        "the name defaults to the last part of the repository",
        arguments: [
            ("acme/shop", "shop"), ("https://example.com/a/b/shop.git", "shop"), (".", "shop"),
            ("..", "ann"), ("./sub/app", "app"), ("~/code", "code"), ("/srv/git/site.git", "site"),
        ]
    )
    func name(_ repository: String, _ name: String) throws {
        let config = try parse("repo: \(repository)\n")
        #expect(config.name == name)
        #expect(!config.isNameGiven)
    }

    @Test(
        "each store's settings arrive",
        arguments: [
            ("{}", Config.StateSettings.standard),
            ("{path: records}", .folder("records")),
            (
                "{store: s3, bucket: abc, prefix: p/, region: eu-west-1, path_style: true}",
                .init(
                    .s3,
                    [
                        "bucket": "abc", "prefix": "p/", "region": "eu-west-1",
                        "path_style": "true",
                    ]
                )
            ),
            (
                "{store: http, address: 'https://h/{app}', username: ci}",
                .init(.http, ["address": "https://h/{app}", "username": "ci"])
            ),
            (
                "{store: postgres, url: '${DATABASE_URL}', schema: x}",
                .init(
                    .postgres,
                    [
                        "url": "postgres://user:secret@db.example.com/previews", "schema": "x",
                    ]
                )
            ),
        ]
    )
    func stores(_ text: String, _ state: Config.StateSettings) throws {
        #expect(try parse(with: "state: \(text)").state == state)
    }

    @Test("the record's key comes from the environment or a file")
    func encryption() throws {
        #expect(try parse(with: "state: {encrypt: {key: env:K}}").stateKey == .environment("K"))
        let file = try parse(with: "state: {store: s3, bucket: abc, encrypt: {key: file:k}}")
        #expect(file.stateKey == .file("k"))
    }

    @Test("every current region is known, and a retired one leads to a current one")
    func regions() throws {
        for region in Region.all {
            #expect(try parse(with: "region: \(region.code)").regions == [region.code])
        }
        let retired = "atl bog bos den eze gdl gig hkg maa mad mia otp phx qro scl sea waw yul"
        for code in retired.split(separator: " ") {
            let problems = ConfigCorpus.problems(Array("repo: a/b\nregion: \(code)\n".utf8))
            #expect(problems.first?.message.hasSuffix("is retired") == true)
            #expect(Region(code: problems.first?.suggestion?.word ?? "") != nil)
        }
    }

    @Test("every size is accepted with its least and its most memory, and with nothing beyond")
    func sizeTable() throws {
        for size in MachineSize.all {
            let (least, most) = (size.memory.lowerBound, size.memory.upperBound)
            for (memory, isRight) in [
                (least, true), (most, true), (least - size.memoryStep, false),
                (most + size.memoryStep, false), (least + 1, false),
            ] {
                let text = "repo: a/b\nresources: {size: \(size.name), memory: \(memory)}\n"
                #expect(ConfigCorpus.problems(Array(text.utf8)).isEmpty == isRight, "\(text)")
            }
        }
    }
}
