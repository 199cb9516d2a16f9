/// Scala and Clojure (rules section 14).
struct FunctionalJVM {
    let folder: Folder

    private func begin(_ id: String, _ file: String?, manager: String) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue[id], let file else { return draft }
        draft.adopt(
            entry,
            sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
        )
        draft.detection.packageManager = manager
        draft.note(.packageManager, file, "\(RelativePath.name(of: file)) is there")
        draft.setRuntime("java", JVM.version(folder))
        draft.detection.kind = .app
        return draft
    }

    /// A Scala project built with sbt.
    func scala() -> Draft {
        let file = folder.file("build.sbt")
        var draft = begin("scala", file, manager: "sbt")
        let source = folder.source("build.sbt")?.withoutComments
        let plugins = folder.source("project/plugins.sbt")?.withoutComments
        let isPlay =
            source?.matches(#"Play(?:Scala|Java)"#) ?? false
            || plugins?.matches(#"com\.typesafe\.play|org\.playframework"#) ?? false
        if isPlay { draft.detection.framework = "Play" }
        draft.set(\.build, "sbt stage", file, "how sbt stages a program")
        let name =
            source?.first(#"(?m)^\s*(?:ThisBuild\s*\/\s*)?name\s*:=\s*"{1,3}([^"]+)""#)
            ?? source?.first(#"\bname\s*:=\s*"{1,3}([^"]+)""#)
        let program = name.map(Self.normalized) ?? "main"
        draft.set(
            \.start,
            "./target/universal/stage/bin/\(program)",
            file,
            "the staged program"
        )
        draft.set(\.dev, "sbt run", file, "how sbt runs it")
        return draft
    }

    /// As sbt makes a file name of a project's name.
    private static func normalized(_ name: String) -> String {
        String(name.lowercased().map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "-" })
    }

    /// A Clojure project built with Leiningen or the Clojure command.
    func clojure() -> Draft {
        guard let file = folder.file("project.clj") else { return tools() }
        var draft = begin("clojure", file, manager: "lein")
        let source = folder.source("project.clj")
        let usesRing = source?.matches(#":plugins[^\n]*\n?(?:[^:]*)lein-ring|lein-ring"#) ?? false
        draft.set(\.install, "lein deps", file, "fetches the dependencies")
        draft.set(\.build, usesRing ? "lein ring uberjar" : "lein uberjar", file, "makes one jar")
        let place =
            source?.matches(#":target-path\s+"target/%s""#) ?? false
            ? "target/uberjar" : "target"
        draft.set(\.start, "java $JAVA_OPTS -jar \(place)/*-standalone.jar", file, "the jar")
        draft.set(\.dev, usesRing ? "lein ring server-headless" : "lein run", file, "how it is run")
        return draft
    }

    private func tools() -> Draft {
        let file = folder.first(of: ["deps.edn", "build.clj"])
        var draft = begin("clojure", file, manager: "clojure")
        guard folder.has("build.clj") else {
            let main = folder.source("deps.edn")?.first(#":([\w-]+)\s*\{[^{}]*:main-opts"#)
            draft.set(\.start, main.map { "clojure -M:\($0)" }, file, "an alias with main-opts")
            draft.detection.kind = main == nil ? .library : .app
            return draft
        }
        draft.set(\.build, "clojure -T:build uber", folder.file("build.clj"), "build.clj is there")
        draft.set(\.start, "java $JAVA_OPTS -jar target/*-standalone.jar", file, "the jar")
        return draft
    }
}
