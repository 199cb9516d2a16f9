/// Step 2: reserves a name, a place and a machine in it.
package struct AllocateMachine: Step {
    package let id = StepID.machine
    package let title = "Machine Allocation"
    package let summary = "Allocating the machine"
    package let subActions = [
        "reserve a unique app name",
        "allocate compute",
        "place it in the region",
        "set resource limits",
    ]
    package let failureDescription = "Failed to allocate machine"
    package func failureDescription(with provider: ProviderName) -> String {
        provider == .fly ? "Failed to allocate Fly.io machine" : failureDescription
    }
    package let completion = Event.Kind.machineAllocated
    package let finishesOpenAttempts = true
    /// A machine is not made twice: doing it again means another machine.
    package let repetition = Action.replace

    package init() {}

    /// Where the machine is to stand, and how big it is made.
    package struct Input: Codable, Hashable, Sendable {
        /// The name to take first; once there is a machine, the one in use.
        package var app: String
        /// Who makes it; another one means another machine.
        package var provider: ProviderName
        /// In order of preference; for `local` always `["local"]`.
        package var regions: [String]
        /// What the machine is made with. A later change of size is met by step 3.
        package var resources: Config.Resources
    }

    /// The result of step 2 (SPEC section 1), with the machine as the provider knows it.
    package struct Output: Codable, Hashable, Sendable {
        /// The name that was taken.
        package var appName: String
        /// Where it answers once something is booted.
        package var previewUrl: String
        /// Name of the size it was made with.
        package var machineSize: String
        /// Where it stands.
        package var region: String
        /// The provider's own name for it.
        package var machineId: String
        /// True only because the provider confirmed it.
        package var reserved: Bool
        package var description: String
        /// The machine as later calls name it.
        package var machine: Machine
    }

    package func input(in context: PlanContext) -> Wish<Input> {
        Wish(
            Input(
                app: context.state.app, provider: context.config.provider,
                regions: regions(in: context), resources: context.config.resources))
    }

    /// The regions that are wanted. A machine whose region is still among them stays where it is,
    /// so the order that it was placed by stays, too.
    private func regions(in context: PlanContext) -> [String] {
        guard context.config.provider != .local else { return ["local"] }
        let wanted = context.config.regions
        guard let region = context.output(of: self)?.region, wanted.contains(region),
            let recorded = context.state.input(of: self)
        else { return wanted }
        return recorded.regions
    }

    /// A machine cannot change its region, and its size is met by step 3.
    package func action(from recorded: Input, to wanted: Input) -> Action {
        recorded.app == wanted.app && recorded.provider == wanted.provider
            && recorded.regions == wanted.regions ? .none : .replace
    }

    /// The first name may have been somebody else's; the one in use is the one to stay with.
    package func settled(_ input: Input, by output: Output) -> Input {
        var input = input
        input.app = output.appName
        return input
    }

    package func fields(of input: Input) -> [Field] {
        [
            Field("app", .string(input.app), cause: "another app", forcesReplacement: true),
            Field(
                "provider", .string(input.provider.rawValue), cause: "another provider",
                forcesReplacement: true),
            Field(
                "region", .string(input.regions.joined(separator: ", ")), cause: "another region",
                forcesReplacement: true),
            Field("size", .string(input.resources.label), cause: "another size"),
        ]
    }

    package func run(_ input: Input, _ run: StepRun<Output>) async throws -> Output {
        // A replacement failed and is no longer wanted: the machine that is there stays.
        if run.action == .update, let previous = run.previous { return previous }
        let detected = run.state.output(of: DetectRepository())
        let spec = MachineSpec(
            app: input.app,
            otherNames: input.app == run.identity.folder ? run.identity.otherNames : [],
            owner: run.state.owner, regions: input.regions, resources: input.resources,
            platform: Platform(
                runtime: detected?.runtime?.name, version: detected?.runtime?.version,
                image: run.config.run.image),
            expiresAt: run.state.end(under: run.config.lifecycle.ttl))
        let machine = try await run.world.provider.allocate(
            spec, replacing: run.previous?.machine, attempt: run.attempt)
        return Output(
            appName: machine.app, previewUrl: machine.url, machineSize: input.resources.label,
            region: machine.region, machineId: machine.id, reserved: true,
            description: "Machine \(machine.name) reserved in \(machine.region)", machine: machine)
    }

    package func successDescription(of output: Output) -> String { output.description }

    package func findings(in output: Output) -> [String] {
        [
            "Machine: \(output.machineSize) in \(output.region)",
            "Reserved: \(output.appName) at \(output.previewUrl)",
        ]
    }

    package func undo(_ output: Output, in world: World) async throws {
        try await world.provider.deallocate(output.machine)
    }
}

extension Config.Resources {
    /// The size's name, with its memory where that is not the least the size can have.
    package var label: String {
        MachineSize(name: size)?.memory.lowerBound == memory ? size : "\(size), \(memory) MB"
    }
}
