/// Java and Kotlin projects built with Gradle or Maven (rules section 14).
struct JVM {
    let folder: Folder
    private let build: JVMBuild

    static let files = JVMBuild.mavenFiles + ["gradlew"] + JVMBuild.gradleFiles

    init?(_ folder: Folder) {
        guard let build = JVMBuild(folder) else { return nil }
        self.folder = folder
        self.build = build
    }

    static func matches(_ folder: Folder) -> Bool { folder.first(of: files) != nil }

    /// Frameworks that the catalogue has no entry for, by a pattern of their coordinates.
    private static let otherFrameworks = [
        (#"io\.dropwizard"#, "Dropwizard"), (#"io\.vertx"#, "Vert.x"),
        (#"io\.javalin"#, "Javalin"), (#"com\.sparkjava"#, "Spark"), (#"io\.helidon"#, "Helidon"),
    ]

    private var isSpring: Bool { framework?.id == "spring-boot" }

    private var framework: Framework? {
        folder.survey.catalogue.frameworks(of: "java").first { entry in
            !entry.isRuntime && entry.contents.contains { build.source.matches($0.pattern) }
        }
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        let found = framework
        if let entry = found ?? folder.survey.catalogue["java"] {
            let reason =
                found == nil
                ? "\(RelativePath.name(of: build.file)) is there" : "speaks of \(entry.name)"
            draft.adopt(entry, sign: .init(file: build.file, reason: reason))
        }
        if found == nil {
            draft.detection.framework =
                Self.otherFrameworks
                .first { build.source.matches($0.0) }?.1
        }
        draft.detection.language = build.isKotlin ? "kotlin" : "java"
        draft.detection.packageManager = build.tool.rawValue
        draft.note(.packageManager, build.file, "\(RelativePath.name(of: build.file)) is there")
        draft.setRuntime("java", JVM.version(folder) ?? build.version)
        describeBuild(&draft, found)
        describeStart(&draft, found)
        draft.set(\.dev, dev(found), build.file, "how \(found?.name ?? "the program") is run")
        describePort(&draft)
        draft.detection.kind = draft.detection.commands.start == nil ? .library : .app
        return draft
    }

    private func describeBuild(_ draft: inout Draft, _ found: Framework?) {
        let line: String
        switch build.tool {
        case .maven: line = "\(build.command) -B -DskipTests clean package"
        case .gradle where found?.id == "ktor" && makesFatJar: line = "\(build.command) buildFatJar"
        case .gradle:
            let install = installsDistribution(found) ? " installDist" : ""
            line = "\(build.command) clean build\(install) -x check -x test"
        }
        draft.set(\.build, line, build.file, "how \(build.tool.rawValue) builds")
    }

    private var makesFatJar: Bool {
        build.source.matches(#"io\.ktor\.plugin|buildFatJar|ktor\.plugin"#)
    }

    /// A program of the application plugin, whose jar does not run by itself.
    private func installsDistribution(_ found: Framework?) -> Bool {
        guard build.usesApplicationPlugin, !build.makesRunnableJar else { return false }
        return found == nil || found?.id == "ktor" && !makesFatJar
    }

    private func describeStart(_ draft: inout Draft, _ found: Framework?) {
        let port = isSpring ? " -Dserver.port=$PORT" : ""
        let line: String
        switch build.tool {
        case .maven:
            guard let maven = mavenStart(found, port) else { return }
            line = maven
        case .gradle where found?.id == "ktor" && makesFatJar:
            let jar = RelativePath.join(build.module, "build/libs/*-all.jar")
            line = "java $JAVA_OPTS -jar \(jar)"
        case .gradle where found?.id == "quarkus":
            line = "java $JAVA_OPTS -jar build/quarkus-app/quarkus-run.jar"
        case .gradle where installsDistribution(found):
            let place = build.module.isEmpty ? "" : "\(build.module)/"
            let name =
                build.module.isEmpty ? build.projectName : RelativePath.name(of: build.module)
            guard let name else { return }
            line = "\(place)build/install/\(name)/bin/\(name)"
        case .gradle:
            let place = build.module.isEmpty ? "" : "*/"
            line = "java $JAVA_OPTS\(port) -jar $(ls -1 \(place)build/libs/*jar | grep -v plain)"
        }
        draft.set(\.start, line, build.file, "what the build makes")
    }

    /// `nil` for what makes no program of its own.
    private func mavenStart(_ found: Framework?, _ port: String) -> String? {
        if found?.id == "quarkus" {
            return "java $JAVA_OPTS -jar target/quarkus-app/quarkus-run.jar"
        }
        if build.source.matches("webapp-runner") {
            return
                "java $JAVA_OPTS -jar target/dependency/webapp-runner.jar --port $PORT target/*.war"
        }
        if build.source.matches(#"<packaging>\s*pom\s*<"#) { return nil }
        if build.source.matches(#"<packaging>\s*war\s*<"#) {
            return isSpring ? "java $JAVA_OPTS\(port) -jar target/*.war" : nil
        }
        let swarm =
            build.source.matches("wildfly-swarm|thorntail") ? " -Dswarm.http.port=$PORT" : ""
        return "java $JAVA_OPTS\(port)\(swarm) -jar target/*.jar"
    }

    private func dev(_ found: Framework?) -> String? {
        switch (found?.id, build.tool) {
        case ("spring-boot", .maven): "\(build.command) spring-boot:run"
        case ("spring-boot", .gradle), ("grails", _): "\(build.command) bootRun"
        case ("quarkus", .maven): "\(build.command) quarkus:dev"
        case ("quarkus", .gradle): "\(build.command) quarkusDev"
        case ("micronaut", .maven): "\(build.command) mn:run"
        case ("micronaut", .gradle), ("ktor", .gradle): "\(build.command) run"
        case (_, .gradle) where build.usesApplicationPlugin: "\(build.command) run"
        default: nil
        }
    }

    private func describePort(_ draft: inout Draft) {
        let number = #"["']?(?:\$\{[^:}]*:)?(\d{2,5})"#
        let line = #"(?m)^\s*(?:server|quarkus\.http|micronaut\.server)\.port\s*[=:]\s*"# + number
        let block =
            #"(?m)^(?:server|micronaut|ktor):\s*\n(?:[ \t]+[^\n]*\n)*?[ \t]+port:\s*"# + number
        let braces = #"(?m)\bdeployment\s*\{[^}]*?\bport\s*=\s*(\d{2,5})"#
        for place in build.sourceFolders {
            for (ending, pattern) in [
                ("properties", line), ("yml", block), ("yaml", block), ("conf", braces),
            ] {
                let name = "\(place)/resources/application.\(ending)"
                guard let port = Ports.valid(folder.source(name)?.first(pattern)) else { continue }
                return draft.setPort(port, folder.file(name), "listens on \(port)")
            }
        }
    }

    /// Whether a module of a larger build is a program, by its own build file: most only serve
    /// others.
    static func isProgram(_ folder: Folder) -> Bool {
        let names = JVMBuild.gradleFiles + ["pom.xml"]
        return names.compactMap(folder.source).map(\.withoutComments).contains { source in
            source.matches(
                any: "[Mm]ain-?Class|shadow",
                "(?:spring-boot|quarkus)-maven-plugin",
                "maven-(?:assembly|shade)-plugin",
                JVMBuild.applicationPlugin,
                #"id[ (]+['"](?:org\.springframework\.boot|io\.quarkus|io\.ktor\.plugin)['"]"#,
                #"id[ (]+['"]io\.micronaut\.application['"]"#
            )
        }
    }

    // MARK: - Version

    /// The version of Java that files of their own pin, for all languages of the JVM.
    static func version(_ folder: Folder) -> VersionPin? {
        if let file = folder.file("system.properties"),
            let source = folder.source("system.properties"),
            let text = source.first(#"(?m)^\s*java\.runtime\.version\s*=\s*([^\s#]+)"#)
        {
            return VersionPin(JVMBuild.major(text), source: "system.properties", file: file)
        }
        let versions = Versions(folder: folder)
        if let pin = versions.file(".java-version", ".jdk-version") { return plain(pin) }
        if let file = folder.file(".sdkmanrc"), let source = folder.source(".sdkmanrc"),
            let text = source.first(#"(?m)^\s*java\s*=\s*([^\s#]+)"#)
        {
            return plain(VersionPin(text, source: ".sdkmanrc", file: file))
        }
        return versions.tool("java").map(plain)
    }

    /// `temurin-21.0.2` is 21.
    private static func plain(_ pin: VersionPin) -> VersionPin {
        guard let text = pin.version else { return pin }
        let number = Versions.floor(text).map(JVMBuild.major)
        let major = number?.split(separator: ".").first.map(String.init)
        return VersionPin(major ?? text, source: pin.source, file: pin.file)
    }
}
