/// The build tool of a JVM project, and what its build files say (rules section 14).
struct JVMBuild {
    enum Tool: String {
        case gradle, maven
    }

    let folder: Folder
    let tool: Tool
    /// The build file that speaks for the project.
    let file: String
    /// The text of all build files that are looked at.
    let source: SourceText
    /// The folder of the module that is the program; `""` for the project's own.
    let module: String

    static let gradleFiles = ["build.gradle.kts", "build.gradle"]
    static let mavenFiles = [
        "pom.xml", "pom.atom", "pom.clj", "pom.groovy", "pom.rb", "pom.scala", "pom.yaml",
        "pom.yml",
    ]

    /// Gradle with its wrapper, then Maven, then Gradle without.
    init?(_ folder: Folder) {
        self.folder = folder
        let gradle = folder.first(of: Self.gradleFiles)
        let pom = folder.first(of: Self.mavenFiles)
        if let wrapper = folder.file("gradlew") {
            tool = .gradle
            file = gradle ?? wrapper
        } else if let pom {
            tool = .maven
            file = pom
        } else if let gradle {
            tool = .gradle
            file = gradle
        } else {
            return nil
        }
        module =
            tool == .gradle && !folder.hasFolder("src/main")
            ? Self.applicationModule(folder) : ""
        source = Self.text(of: folder, tool: tool, module: module)
    }

    /// The module that Gradle's own `init` calls `app`, or the first with a plugin of a program.
    private static func applicationModule(_ folder: Folder) -> String {
        let modules = gradleModules(folder)
        let candidates = (modules.contains("app") ? ["app"] : []) + modules
        if let found = candidates.first(where: { name in
            let inside = folder.folder(name)
            guard let text = gradleFiles.lazy.compactMap(inside.source).first?.withoutComments
            else {
                return false
            }
            return text.matches(#"\bapplication\b|org\.springframework\.boot|io\.ktor|mainClass"#)
        }) {
            return found
        }
        return folder.folder("app").first(of: gradleFiles) == nil ? "" : "app"
    }

    /// The modules that `settings.gradle` includes, as folders.
    static func gradleModules(_ folder: Folder) -> [String] {
        let settings = ["settings.gradle", "settings.gradle.kts"].lazy.compactMap(folder.source)
            .first
        guard let text = settings?.withoutComments else { return [] }
        let lists = text.all(#"(?m)^\s*include\s*\(?((?:\s*['"][^'"]+['"]\s*,?)+)"#)
        return lists.flatMap {
            SourceText($0, patterns: folder.survey.patterns).all(#"['"]:?([^'"]+)['"]"#)
        }.map { $0.replacing(":", with: "/") }
    }

    private static func text(of folder: Folder, tool: Tool, module: String) -> SourceText {
        var names = tool == .gradle ? gradleFiles : mavenFiles
        if tool == .gradle {
            names += ["gradle/libs.versions.toml"]
            if !module.isEmpty { names += gradleFiles.map { "\(module)/\($0)" } }
        }
        let text = names.compactMap(folder.text).joined(separator: "\n")
        return SourceText(text, patterns: folder.survey.patterns)
    }

    /// The wrapper where it can work, else the tool itself.
    var command: String {
        switch tool {
        case .gradle: gradle
        case .maven:
            folder.has("mvnw") && folder.has(".mvn/wrapper/maven-wrapper.properties")
                ? "./mvnw" : "mvn"
        }
    }

    /// A module has its wrapper in a folder around it.
    private var gradle: String {
        if folder.has("gradlew") { return "./gradlew" }
        guard let steps = folder.ancestors.firstIndex(where: { $0.has("gradlew") }) else {
            return "gradle"
        }
        return String(repeating: "../", count: steps + 1) + "gradlew"
    }

    /// How the application plugin of Gradle is asked for, in either language.
    static let applicationPlugin =
        #"(?m)(?:^\s*application\s*$|(?:id|plugin)\s*[(:]?\s*['"]application['"]"#
        + #"|plugins\s*\{[^}]*\bapplication\b)"#

    /// Whether the application plugin of Gradle is used.
    var usesApplicationPlugin: Bool {
        tool == .gradle && source.withoutComments.matches(Self.applicationPlugin)
    }

    /// Whether jars can be run: a manifest that names the main class, or a fat jar.
    var makesRunnableJar: Bool { source.matches("Main-Class|shadowJar|shadow['\"]|buildFatJar") }

    /// The name in the settings, else that of the folder.
    var projectName: String? {
        let settings = ["settings.gradle", "settings.gradle.kts"].lazy
            .compactMap(folder.source).first
        return settings?.first(#"rootProject\.name\s*=\s*['"]([^'"]+)['"]"#)
            ?? (folder.isRoot ? nil : folder.name)
    }

    /// Folders in which sources may lie.
    var sourceFolders: [String] {
        module.isEmpty ? ["src/main"] : ["src/main", "\(module)/src/main"]
    }

    /// Whether Kotlin is what it is written in; a build file in Kotlin alone says nothing.
    var isKotlin: Bool {
        sourceFolders.contains { folder.hasFolder("\($0)/kotlin") }
            || source.matches(#"org\.jetbrains\.kotlin\.jvm|kotlin\(\s*"jvm"|kotlin-maven-plugin"#)
    }

    // MARK: - Version

    /// The version of Java that the build asks for.
    var version: VersionPin? {
        let text = source.withoutComments
        let version = #"(?:JavaVersion\.(?:VERSION_)?|['"])?(?:1[._])?(\d+)"#
        let found =
            tool == .maven
            ? mavenVersion
            : text.first(
                of: #"JavaLanguageVersion\.of\(\s*['"]?(\d+)"#,
                #"jvmToolchain\(\s*(\d+)"#,
                #"(?:source|target)Compatibility\s*(?:=|\()?\s*"# + version
            )
        if let found { return VersionPin(Self.major(found), source: name, file: file) }
        guard tool == .gradle,
            let wrapper = folder.file("gradle/wrapper/gradle-wrapper.properties"),
            let text = folder.source("gradle/wrapper/gradle-wrapper.properties"),
            let major = text.first(#"gradle-(\d+)\."#).flatMap({ Int($0) }), major <= 5
        else { return nil }
        return VersionPin("8", source: "gradle-wrapper.properties", file: wrapper)
    }

    private var name: String { RelativePath.name(of: file) }

    private var mavenVersion: String? {
        for tag in [
            "maven.compiler.release", "maven.compiler.source", "maven.compiler.target",
            "java.version", "release", "source",
        ] {
            let escaped = tag.replacing(".", with: #"\."#)
            guard let value = source.first("<\(escaped)>\\s*([^<\\s]+)\\s*</\(escaped)>") else {
                continue
            }
            if value.first?.isNumber ?? false { return value }
        }
        return nil
    }

    /// `1.8` is 8.
    static func major(_ text: String) -> String {
        text.hasPrefix("1.") ? String(text.dropFirst(2)) : text
    }
}
