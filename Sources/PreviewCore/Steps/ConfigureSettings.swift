/// Step 3: gives the machine its environment, secrets, size and life cycle.
package struct ConfigureSettings: Step {
    package let id = StepID.settings
    package let title = "Settings Configuration"
    package let summary = "Configuring environment and settings"
    package let subActions = [
        "set environment variables and secrets",
        "configure memory and CPU",
        "enable auto-start/stop",
        "set the shutdown policy",
    ]
    package let failureDescription = "Failed to configure machine settings"
    package let completion = Event.Kind.settingsConfigured

    package init() {}

    /// The settings as the configuration wants them, with digests in place of secrets.
    package struct Input: Codable, Hashable, Sendable {
        /// Id of the machine that is configured; another machine needs its settings anew.
        package var machine: String
        /// Plain values.
        package var environment: [String: String]
        /// Names and salted digests: a change shows and no value is kept.
        package var secrets: SecretsFingerprint
        /// The size the machine is to have.
        package var resources: Config.Resources
        /// When it is started, stopped and given up.
        package var lifecycle: Config.Lifecycle
    }

    /// The result of step 3 (SPEC section 1).
    package struct Output: Codable, Hashable, Sendable {
        /// Plain values that were set.
        package var environment: [String: String]
        /// Names only.
        package var secrets: [String]
        /// The size that was set.
        package var resources: Size
        /// Whether it is stopped for want of traffic and started by the next visitor.
        package var autoStartStop: Bool
        /// Such as `1h`; `never` when it is not stopped for want of traffic.
        package var shutdownAfterInactivity: String
        package var description: String
        /// What the provider remarked, such as limits it cannot enforce here.
        package var notes: [String]
        /// Digest of everything that the app must be restarted for.
        package var revision: String
        /// End of its life; `nil` for none.
        package var expiresAt: Timestamp?

        /// How big the machine is.
        package struct Size: Codable, Hashable, Sendable {
            /// Number of virtual processors.
            package var cpu: Int
            /// In MB.
            package var memory: Int
        }
    }

    package func input(in context: PlanContext) -> Wish<Input> {
        let machine = context.settled(AllocateMachine())?.machineId
        var unknown: [String: StepID] = [:]
        if machine == nil { unknown["machine"] = .machine }
        return Wish(
            Input(
                machine: machine ?? context.output(of: AllocateMachine())?.machineId ?? "",
                environment: context.config.environment, secrets: context.facts.secrets,
                resources: context.config.resources, lifecycle: context.config.lifecycle),
            unknown: unknown)
    }

    package func fields(of input: Input) -> [Field] {
        let environment = input.environment.sorted { $0.key < $1.key }.map {
            Field("env.\($0.key)", .string($0.value), cause: "settings changed")
        }
        let secrets = input.secrets.names.sorted().map {
            Field(
                "secrets.\($0)", .string(input.secrets.digests[$0] ?? "not seen yet"),
                cause: "settings changed", isSensitive: true)
        }
        return environment + secrets + [
            Field("resources.cpu", .int(input.resources.cpu), cause: "settings changed"),
            Field("resources.memory", .int(input.resources.memory), cause: "settings changed"),
            Field(
                "lifecycle.auto_start", .bool(input.lifecycle.autoStart),
                cause: "life cycle changed"),
            Field(
                "lifecycle.idle_timeout",
                .string(DurationText.short(input.lifecycle.idleTimeout)),
                cause: "life cycle changed"),
            Field(
                "lifecycle.ttl", .string(DurationText.short(input.lifecycle.ttl)),
                cause: "life cycle changed"),
            Field("machine", .string(input.machine), cause: "new machine"),
        ]
    }

    package func action(from recorded: Input, to wanted: Input) -> Action {
        recorded == wanted ? .none : .update
    }

    /// Digest of everything the app must be restarted for when it changes.
    package static func revision(of input: Input) -> String {
        let environment = input.environment.sorted { $0.key < $1.key }
            .map { JSONObject.Member(name: $0.key, value: .string($0.value)) }
        let document: JSONValue = [
            "environment": .object(JSONObject(environment)),
            "secrets": JSONValue(input.secrets.joint),
            "names": .array(input.secrets.names.sorted().map(JSONValue.string)),
        ]
        return String(Digest.hex(JSONWriter.canonical(document)).prefix(16))
    }

    package func run(_ input: Input, _ run: StepRun<Output>) async throws -> Output {
        guard let machine = run.state.output(of: AllocateMachine())?.machine else {
            throw Rejection(.missingSteps([.machine], before: id))
        }
        let values = try SecretValues.resolve(run.config.secrets, from: run.world.secrets)
        let revision = Self.revision(of: input)
        let expiresAt = run.state.end(under: input.lifecycle.ttl)
        let receipt = try await run.world.provider.configure(
            machine, settings(of: input, revision: revision, expiresAt: expiresAt, run: run),
            secrets: values, attempt: run.attempt)
        return Output(
            environment: input.environment, secrets: input.secrets.names,
            resources: .init(cpu: input.resources.cpu, memory: input.resources.memory),
            autoStartStop: input.lifecycle.autoStart,
            shutdownAfterInactivity: DurationText.short(input.lifecycle.idleTimeout),
            description: "Machine configured with the requested settings", notes: receipt.notes,
            revision: revision, expiresAt: expiresAt)
    }

    private func settings(
        of input: Input, revision: String, expiresAt: Timestamp?, run: StepRun<Output>
    ) -> Settings {
        // Another machine may be another app, which has none of the secrets.
        let known = run.state.input(of: self).flatMap {
            $0.machine == input.machine ? $0.secrets : nil
        }
        let commands = RunCommands(
            detected: run.state.output(of: DetectRepository()), run: run.config.run,
            provider: run.config.provider)
        return Settings(
            environment: input.environment, secretNames: input.secrets.names,
            changedSecrets: input.secrets.names.filter {
                known?.digests[$0] == nil || known?.digests[$0] != input.secrets.digests[$0]
            },
            withdrawnSecrets: (known?.names ?? []).filter { !input.secrets.names.contains($0) },
            resources: input.resources, lifecycle: input.lifecycle, port: commands.port,
            health: run.config.health, revision: revision,
            isBootNext: isBootNext(after: input, run: run), expiresAt: expiresAt)
    }

    /// Whether step 4 has something to do once these settings are recorded.
    private func isBootNext(after input: Input, run: StepRun<Output>) -> Bool {
        var context = PlanContext(config: run.config, state: run.state, facts: run.facts)
        context.upstream = [.repository: .none, .machine: .none]
        let boot = BootRepository()
        guard run.state[.boot].attempt == nil, let recorded = run.state.input(of: boot) else {
            return true
        }
        let wish = boot.input(in: context)
        return !wish.unknown.isEmpty || boot.action(from: recorded, to: wish.input) != .none
    }

    package func successDescription(of output: Output) -> String { output.description }

    package func findings(in output: Output) -> [String] {
        let names = output.environment.keys.sorted() + output.secrets.map { "\($0) (secret)" }
        let stop =
            output.shutdownAfterInactivity == DurationText.short(nil)
            ? "never stops by itself"
            : "stops after \(output.shutdownAfterInactivity) without traffic"
        return [
            "Environment: \(names.isEmpty ? "nothing of its own" : names.joined(separator: ", "))",
            "Resources: \(output.resources.cpu) CPU, \(output.resources.memory) MB",
            "Auto-stop: \(stop)"
                + (output.autoStartStop ? ", starts on the next connection" : ""),
        ]
    }

    package func remarks(on output: Output) -> [String] { output.notes }

    package func undo(_ output: Output, in world: World) async throws {}
}
