/// How the app is installed, built and started: what was detected, with `run:` laid over it.
package struct RunCommands: Codable, Hashable, Sendable {
    /// Fetches dependencies, a shell line; `nil` skips the phase.
    package var install: String?
    /// Builds, a shell line; `nil` skips the phase.
    package var build: String?
    /// Starts the app, a shell line; `nil` for a static site.
    package var start: String?
    /// The folder to serve where there is nothing to start, relative to the app's path.
    package var staticRoot: String?
    /// The detected runtime, such as `python`; decides what the machine is prepared with.
    package var runtime: String?
    /// The port the app is expected on (BEHAVIOURS Q10).
    package var port: Int?
    /// Which of the start commands was wanted.
    package var mode: Config.Mode

    /// Combines detection with the configuration's overrides, which win field by field.
    ///
    /// `provider`: for `local` a detected command that asks for all addresses gets the
    ///   loopback address: nobody else is to reach it (SPEC section 8). An override stays as it is.
    package init(
        detected: DetectedRepository?, run: Config.RunOverrides, provider: ProviderName
    ) {
        var commands = detected?.commands
        if provider == .local, let found = commands {
            commands?.start = found.start.map(Self.onLoopback)
            commands?.dev = found.dev.map(Self.onLoopback)
        }
        install = run.install ?? commands?.install
        mode = run.mode
        switch run.mode {
        case .production:
            build = run.build ?? commands?.build
            start = run.start ?? commands?.start
        case .dev:
            // A dev server builds as it goes.
            build = run.build
            start = run.start ?? commands?.dev ?? commands?.start
        }
        staticRoot = start == nil ? detected?.staticRoot : nil
        runtime = detected?.runtime?.name
        port = run.port ?? detected?.port ?? detected.map { Self.defaultPort($0.runtime?.name) }
        if staticRoot != nil { port = nil }
    }

    /// HOST is the loopback address there.
    private static func onLoopback(_ command: String) -> String {
        command.replacing("0.0.0.0", with: "$HOST")
    }

    /// What the boot takes where nothing is certain.
    private static func defaultPort(_ runtime: String?) -> Int {
        switch runtime {
        case "node", "ruby": 3000
        case "python": 8000
        default: 8080
        }
    }

    /// Refuses a release that has nothing to start.
    ///
    /// `isUnknown`: whether detection could not tell what the project is.
    /// - Throws: ``Rejection`` with the fix for `run:`.
    package func check(path: String, isUnknown: Bool) throws {
        guard start == nil, staticRoot == nil else { return }
        let evidence = [Failure.Evidence("looked in", path.isEmpty ? "the repository" : path)]
        let fix = "write `run: { start: … }` in preview.yaml, or choose a folder with `path:`"
        if isUnknown {
            throw Rejection(
                Failure(
                    .projectUnknown,
                    "the project was not recognised, so nothing says how to start it",
                    step: .boot, evidence: evidence, fix: "\(fix); `preview detect` shows why"))
        }
        if mode == .dev {
            throw Rejection(
                Failure(
                    .scriptMissing, "there is neither a `dev` nor a `start` command", step: .boot,
                    evidence: evidence, fix: fix))
        }
        throw Rejection(
            Failure(
                .startCommandMissing, "there is no `start` command", step: .boot,
                evidence: evidence, fix: "\(fix); `run: { mode: dev }` uses the dev command"))
    }
}
