/// Elixir, Erlang and Gleam projects (rules section 15).
struct BEAM {
    let folder: Folder

    // MARK: - Elixir

    /// An Elixir project.
    func elixir() -> Draft {
        var draft = Draft(folder)
        let file = folder.file("mix.exs")
        let source = folder.source("mix.exs")?.withoutHashLines
        let isPhoenix = source?.matches(#"\{\s*:phoenix\s*,"#) ?? false
        if let entry = folder.survey.catalogue[isPhoenix ? "phoenix" : "elixir"], let file {
            draft.adopt(
                entry,
                sign: .init(
                    file: file,
                    reason: isPhoenix ? "dependency :phoenix" : "mix.exs is there"
                )
            )
        }
        draft.detection.language = "elixir"
        draft.detection.packageManager = "mix"
        draft.note(.packageManager, file, "mix.exs is there")
        draft.setRuntime("elixir", elixirVersion(source, file))
        let fetch = "mix local.hex --force && mix local.rebar --force && mix deps.get --only prod"
        let assets = folder.file("assets/package.json")
        draft.set(
            \.install,
            assets == nil ? fetch : "\(fetch) && npm install --prefix assets",
            assets ?? file,
            "fetches the dependencies"
        )
        draft.set(\.build, elixirBuild(source), file, "how a release is made")
        let app = source?.first(#"\bapp:\s*:(\w+)"#)
        if let app {
            let server = folder.file("rel/overlays/bin/server")
            let line =
                server == nil
                ? "_build/prod/rel/\(app)/bin/\(app) start" : "_build/prod/rel/\(app)/bin/server"
            draft.set(\.start, line, server ?? file, "the release of :\(app)")
        } else {
            draft.set(
                \.start,
                isPhoenix ? "mix phx.server" : "mix run --no-halt",
                file,
                "the application has no name"
            )
        }
        draft.set(
            \.dev,
            isPhoenix ? "mix phx.server" : "mix run --no-halt",
            file,
            "how Mix runs it"
        )
        draft.detection.environment["MIX_ENV"] = "prod"
        if isPhoenix { draft.detection.environment["PHX_SERVER"] = "true" }
        draft.detection.kind = .app
        return draft
    }

    private func elixirBuild(_ source: SourceText?) -> String {
        var steps = ["mix compile"]
        if source?.contains("assets.deploy") ?? false {
            if source?.contains("assets.setup") ?? false { steps.append("mix assets.setup") }
            steps.append("mix assets.deploy")
        }
        if source?.contains("ecto.deploy") ?? false { steps.append("mix ecto.deploy") }
        return (steps + ["mix release"]).joined(separator: " && ")
    }

    private func elixirVersion(_ source: SourceText?, _ file: String?) -> VersionPin? {
        let versions = Versions(folder: folder)
        if let pin = versions.tool("elixir") {
            // 1.16.2-otp-26 names the machine as well.
            let text = pin.version.flatMap { $0.split(separator: "-").first }.map(String.init)
            return VersionPin(text, source: pin.source, file: pin.file)
        }
        if let pin = versions.file(".elixir-version", ".exenv-version") { return pin }
        guard let file, let text = source?.first(#"\belixir:\s*"([^"]+)""#) else { return nil }
        return VersionPin(Versions.floor(text), source: "mix.exs", file: file)
    }

    // MARK: - Gleam and Erlang

    /// A Gleam project.
    func gleam() -> Draft {
        var draft = plain("gleam", manifest: "gleam.toml", manager: "gleam")
        draft.setRuntime("gleam", Versions(folder: folder).tool("gleam"))
        draft.set(\.install, "gleam deps download", folder.file("gleam.toml"), "fetches packages")
        return draft
    }

    /// An Erlang project.
    func erlang() -> Draft {
        var draft = plain("erlang", manifest: "rebar.config", manager: "rebar3")
        let versions = Versions(folder: folder)
        draft.setRuntime("erlang", versions.file(".erlang-version") ?? versions.tool("erlang"))
        let source = folder.source("rebar.config")
        let release = source?.first(#"\{\s*release\s*,\s*\{\s*'?(\w+)'?\s*,"#)
        guard let release else {
            draft.set(\.start, nil, nil, "")
            draft.detection.kind = .library
            draft.set(\.build, "rebar3 compile", folder.file("rebar.config"), "how rebar3 builds")
            return draft
        }
        draft.set(
            \.start,
            "_build/default/rel/\(release)/bin/\(release) foreground",
            folder.file("rebar.config"),
            "the release \(release)"
        )
        return draft
    }

    private func plain(_ id: String, manifest: String, manager: String) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue[id], let file = folder.file(manifest) else {
            return draft
        }
        draft.adopt(entry, sign: .init(file: file, reason: "\(manifest) is there"))
        draft.detection.language = id
        draft.detection.packageManager = manager
        draft.note(.packageManager, file, "\(manifest) is there")
        draft.set(\.build, entry.build, file, "how \(entry.name) is built")
        draft.set(\.start, entry.start, file, "how \(entry.name) is started")
        draft.set(\.dev, entry.dev, file, "how \(entry.name) is run")
        draft.detection.kind = .app
        return draft
    }
}
