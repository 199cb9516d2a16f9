/// Step 4: brings the commit up on the machine and proves that it answers.
package struct BootRepository: Step {
    package let id = StepID.boot
    package let title = "Repository Boot"
    package let summary = "Cloning and booting the repository"
    package let subActions = [
        "clone the commit onto the machine",
        "install dependencies, build if needed",
        "start the server",
        "prove it answers",
    ]
    package let failureDescription = "Failed to boot repository"
    package let completion = Event.Kind.repositoryBooted

    package init() {}

    /// Everything that a change of means another boot.
    package struct Input: Codable, Hashable, Sendable {
        /// Id of the machine; another machine needs its boot anew.
        package var machine: String
        /// Full commit; `nil` while neither the branch nor the record tells it.
        package var commit: String?
        /// The folder of the app in the repository; empty for its top.
        package var path: String
        /// Digest of the settings the app must be restarted for.
        package var settings: String
        /// How it is installed, built and started.
        package var commands: RunCommands
        /// The base image that `run.image` asks for; `nil` leaves the choice to the provider.
        package var image: String?
        /// How it has to prove itself: what proved the last boot may not prove the next.
        package var health: Config.Health
    }

    /// The result of step 4 (SPEC section 1).
    package struct Output: Codable, Hashable, Sendable {
        /// `ready`, once it answered.
        package var bootStatus: String
        /// `ready` only after a real answer.
        package var syncStatus: String
        /// What was done, for the page and for people.
        package var nextActions: [NextAction]
        /// The five phases with their durations.
        package var phases: [BootReceipt.PhaseResult]
        /// The answer that proved it.
        package var evidence: BootReceipt.Proof
        package var description: String
        /// What the provider remarked, such as that the app listens on another port.
        package var notes: [String]
        /// The machine it runs on.
        package var machine: Machine

        /// A line for whoever looks at the result, done when it is true (BEHAVIOURS D56).
        package struct NextAction: Codable, Hashable, Sendable {
            /// One sentence.
            package var text: String
            /// Whether it was done, as far as this boot knows.
            package var done: Bool
        }
    }

    package func input(in context: PlanContext) -> Wish<Input> {
        var unknown: [String: StepID] = [:]
        let machine = context.settled(AllocateMachine())?.machineId
        if machine == nil { unknown["machine"] = .machine }
        let detected = context.settled(DetectRepository())
        if detected == nil { unknown["commands"] = .repository }
        let known = detected ?? context.output(of: DetectRepository())
        let commit = context.facts.head?.commit ?? known?.commit
        if commit == nil { unknown["commit"] = .repository }
        let settings = ConfigureSettings().input(in: context).input
        return Wish(
            Input(
                machine: machine ?? context.output(of: AllocateMachine())?.machineId ?? "",
                commit: commit, path: context.config.path,
                settings: ConfigureSettings.revision(of: settings),
                commands: RunCommands(
                    detected: known, run: context.config.run, provider: context.config.provider),
                image: context.config.run.image, health: context.config.health),
            unknown: unknown)
    }

    package func action(from recorded: Input, to wanted: Input) -> Action {
        recorded == wanted ? .none : .update
    }

    package func fields(of input: Input) -> [Field] {
        let commands = input.commands
        return [
            Field("commit", JSONValue(input.commit), cause: "new commit"),
            Field("settings", .string(input.settings), cause: "new settings", isShown: false),
            Field("commands.install", JSONValue(commands.install), cause: "commands changed"),
            Field("commands.build", JSONValue(commands.build), cause: "commands changed"),
            Field("commands.start", JSONValue(commands.start), cause: "commands changed"),
            Field("commands.serve", JSONValue(commands.staticRoot), cause: "commands changed"),
            Field("commands.runtime", JSONValue(commands.runtime), cause: "runtime changed"),
            Field(
                "commands.port", commands.port.map(JSONValue.int) ?? .null, cause: "port changed"),
            Field("commands.mode", .string(commands.mode.rawValue), cause: "mode changed"),
            Field("path", input.path.isEmpty ? .null : .string(input.path), cause: "another path"),
            Field("image", JSONValue(input.image), cause: "image changed"),
            Field("health.path", .string(input.health.path), cause: "health check changed"),
            Field(
                "health.timeout", .string(DurationText.short(input.health.timeout)),
                cause: "health check changed"),
            Field("machine", .string(input.machine), cause: "new machine"),
        ]
    }

    package func run(_ input: Input, _ run: StepRun<Output>) async throws -> Output {
        guard let machine = run.state.output(of: AllocateMachine())?.machine,
            let detected = run.state.output(of: DetectRepository()), let commit = input.commit
        else { throw Rejection(.missingSteps([.repository, .machine], before: id)) }
        try input.commands.check(
            path: input.path, isUnknown: detected.projectType == DetectedRepository.unknownType)
        let secrets = try SecretValues.resolve(run.config.secrets, from: run.world.secrets)
        let receipt = try await run.world.provider.boot(
            release(of: input, commit: commit, detected: detected, machine: machine, run: run),
            on: machine, secrets: secrets, attempt: run.attempt, reporter: run.world.reporter)
        let install = receipt.phases.contains { $0.name == .install && !$0.skipped }
        return Output(
            bootStatus: "ready", syncStatus: "ready",
            nextActions: [
                .init(text: "Cloned from \(detected.repositoryName)", done: true),
                .init(
                    text: install ? "Dependencies installed" : "No dependencies to install",
                    done: true),
                .init(text: "Server started", done: true),
                .init(text: "Available at \(machine.url)", done: true),
            ],
            phases: receipt.phases, evidence: receipt.proof,
            description: "Repository is running at \(machine.url)", notes: receipt.notes,
            machine: machine)
    }

    private func release(
        of input: Input, commit: String, detected: DetectedRepository, machine: Machine,
        run: StepRun<Output>
    ) -> Release {
        Release(
            fetchURL: detected.fetchUrl, branch: detected.branchName, commit: commit,
            path: input.path, install: input.commands.install, build: input.commands.build,
            start: input.commands.start, staticRoot: input.commands.staticRoot,
            platform: Platform(
                runtime: input.commands.runtime, version: detected.runtime?.version,
                image: input.image),
            port: input.commands.port,
            previewVariables: PreviewVariables.make(
                machine: machine, branch: detected.branchName, commit: commit,
                repository: detected.repositoryName, project: run.state.project,
                provider: run.state.provider, mode: input.commands.mode,
                expiresAt: run.state.expiresAt
            ).merging(detected.environment) { own, _ in own },
            settingsRevision: input.settings, health: input.health,
            timeouts: run.config.timeouts)
    }

    package func successDescription(of output: Output) -> String { output.description }

    package func findings(in output: Output) -> [String] { [] }

    package func remarks(on output: Output) -> [String] { output.notes }

    package func undo(_ output: Output, in world: World) async throws {
        try await world.provider.shutDown(output.machine)
    }
}

/// The variables the app is told by (BEHAVIOURS U4, S11); `env` may override them.
package enum PreviewVariables {
    /// Everything but `PORT` and `HOST`, which the provider knows.
    package static func make(
        machine: Machine, branch: String, commit: String, repository: String, project: String,
        provider: ProviderName, mode: Config.Mode, expiresAt: Timestamp?
    ) -> [String: String] {
        [
            "PREVIEW": "true",
            "PREVIEW_URL": machine.url,
            "PREVIEW_APP_NAME": machine.app,
            "PREVIEW_BRANCH": branch,
            "PREVIEW_COMMIT": commit,
            "PREVIEW_PR": "",
            "PREVIEW_PROVIDER": provider.rawValue,
            "PREVIEW_REGION": machine.region,
            "PREVIEW_EXPIRES_AT": expiresAt?.text ?? "never",
            "PREVIEW_REPOSITORY": repository,
            "PREVIEW_PROJECT": project,
            "PREVIEW_MODE": mode.rawValue,
        ]
    }
}
