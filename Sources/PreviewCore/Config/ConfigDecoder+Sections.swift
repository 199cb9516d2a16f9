extension ConfigDecoder {
    /// The configuration that a document describes, with every default filled in; `nil` when that
    /// cannot be said at all. It counts only if ``faults`` is empty afterwards. `defaultName` names a
    /// project that does not name itself.
    mutating func config(
        _ root: YAMLNode?,
        defaultName: (RepositoryReference) -> String
    ) -> Config? {
        guard let root else {
            let start = Mark(line: 1, column: 1)
            faults.append(
                ConfigFault(
                    code: .documentLimit,
                    mark: start,
                    end: start,
                    message: "the file is empty",
                    expected: "at least `repo:` and the address of a repository"
                )
            )
            return nil
        }
        guard let top = section(root, "") else { return nil }
        _ = value(Keys.version, in: top)
        let name = value(Keys.name, in: top)
        let repository = value(Keys.repo, in: top)
        // Any repository will do to find the problems of the rest.
        var config = Config(name: name ?? "", repository: repository ?? .here)
        config.isNameGiven = name != nil
        if name == nil, let repository { config.name = defaultName(repository) }
        set(&config.branch, Keys.branch, in: top)
        set(&config.path, Keys.path, in: top)
        set(&config.provider, Keys.provider, in: top)
        if let node = top["region"] { config.regions = regions(node) }
        if let node = top["resources"] { resources(node, &config.resources) }
        if let node = top["env"] { config.environment = environment(node) }
        if let node = top["secrets"] { secrets(node, &config) }
        decodeRun(top, &config)
        if let node = top["state"] { state(node, &config) }
        return repository == nil ? nil : config
    }

    private mutating func decodeRun(_ top: Section, _ config: inout Config) {
        if let node = top["run"] { run(node, &config.run) }
        if let node = top["health"] { health(node, &config.health) }
        if let node = top["lifecycle"] { lifecycle(node, &config.lifecycle) }
        if let node = top["timeouts"] { timeouts(node, &config.timeouts) }
        if let node = top["retries"] { retries(node, &config.retries) }
        if let node = top["hooks"] { hooks(node, &config.hooks) }
        if let node = top["steps"] { config.words = words(node) }
        if let node = top["limits"] { limits(node, &config.limits) }
    }

    /// Replaces a default by what the file says.
    private mutating func set<Value>(
        _ value: inout Value,
        _ key: TypedKey<Value>,
        in section: Section
    ) {
        if let given = self.value(key, in: section) { value = given }
    }

    // MARK: The machine

    private mutating func regions(_ node: YAMLNode) -> [String] {
        guard let items = node.items else {
            return value(Keys.region.rule, of: node, named: "region").map { [$0] } ?? []
        }
        if items.isEmpty {
            report(node, "`region` is an empty list", expected: "one region or more")
        }
        var regions: [String] = []
        for item in items {
            guard let region = value(Keys.region.rule, of: item, named: "region") else { continue }
            if regions.contains(region) {
                report(item, "`\(region)` stands twice in `region`", expected: "each region once")
            }
            regions.append(region)
        }
        return regions
    }

    /// The size gives kind, CPUs and memory; `cpu` and `memory` stand above it.
    private mutating func resources(_ node: YAMLNode, _ resources: inout Config.Resources) {
        guard let section = section(node, "resources") else { return }
        let before = faults.count
        let preset = value(Keys.Resources.size, in: section) ?? .default
        let cpu = value(Keys.Resources.cpu, in: section)
        let memory = value(Keys.Resources.memory, in: section)
        guard faults.count == before else { return }
        guard let size = MachineSize(preset.kind, cpus: cpu ?? preset.cpus) else {
            let others = preset.kind.cpus.map(String.init).joined(separator: ", ")
            let hint = preset.kind == .shared ? ", or a size such as performance-16x" : ""
            report(
                section["cpu"] ?? node,
                "there is no machine with \(cpu ?? 0) \(preset.kind.rawValue) CPUs",
                expected: "one of \(others)\(hint)"
            )
            return
        }
        if let memory, !size.allows(memory: memory) {
            let range = size.memory
            report(
                section["memory"] ?? node,
                "\(size.name) cannot have \(memory) MB",
                expected: "a multiple of \(size.memoryStep) from \(range.lowerBound) "
                    + "to \(range.upperBound) MB"
            )
            return
        }
        resources = Config.Resources(size, memory: memory)
    }

    // MARK: The app's environment

    private mutating func environment(_ node: YAMLNode) -> [String: String] {
        guard let entries = entries(of: node, named: "env") else { return [:] }
        var result = [String: String](minimumCapacity: entries.count)
        for entry in entries {
            let name = entry.key.text ?? ""
            if !VariableName.isValid(name.utf8) {
                report(
                    entry.key,
                    "\(DisplayText.quoted(name)) is no name for a variable",
                    expected: "letters, digits and `_`, not beginning with a digit"
                )
            }
            let value = value(
                Keys.environmentValue.rule,
                of: entry.value,
                named: "env.\(DisplayText.harmless(name))"
            )
            if let value { result[name] = value }
        }
        return result
    }

    private mutating func secrets(_ node: YAMLNode, _ config: inout Config) {
        guard let items = node.items else {
            let found = node.isNull ? "has no value" : "is no list"
            return reportType(node, "`secrets` \(found)", "a list of names, or of name and from")
        }
        var names: Set<String> = []
        for item in items {
            guard let secret = secret(item) else { continue }
            if !names.insert(secret.name).inserted {
                report(
                    item,
                    "the secret `\(secret.name)` is already given",
                    code: .duplicateKey,
                    expected: "each name once"
                )
            }
            if config.environment[secret.name] != nil {
                report(
                    item,
                    "`\(secret.name)` is in `env` and in `secrets`",
                    code: .duplicateKey,
                    expected: "the name in one of them"
                )
            }
            config.secrets.append(secret)
        }
    }

    private mutating func secret(_ node: YAMLNode) -> SecretReference? {
        if node.scalar != nil {
            let name = value(Keys.Secrets.name.rule, of: node, named: "secrets[].name")
            return name.map { SecretReference(name: $0, source: .environment($0)) }
        }
        guard node.entries != nil else {
            reportType(node, "a secret is no list", "a name, or a mapping of name and from")
            return nil
        }
        guard let section = section(node, "secrets[]") else { return nil }
        let name = value(Keys.Secrets.name, in: section)
        let source = value(Keys.Secrets.from, in: section)
        return name.map { SecretReference(name: $0, source: source ?? .environment($0)) }
    }

    // MARK: The run

    private mutating func run(_ node: YAMLNode, _ run: inout Config.RunOverrides) {
        guard let section = section(node, "run") else { return }
        run.install = value(Keys.Run.install, in: section)
        run.build = value(Keys.Run.build, in: section)
        run.start = value(Keys.Run.start, in: section)
        run.port = value(Keys.Run.port, in: section)
        set(&run.mode, Keys.Run.mode, in: section)
        run.image = value(Keys.Run.image, in: section)
    }

    private mutating func health(_ node: YAMLNode, _ health: inout Config.Health) {
        guard let section = section(node, "health") else { return }
        set(&health.path, Keys.Health.path, in: section)
        set(&health.timeout, Keys.Health.timeout, in: section)
    }

    private mutating func lifecycle(_ node: YAMLNode, _ lifecycle: inout Config.Lifecycle) {
        guard let section = section(node, "lifecycle") else { return }
        set(&lifecycle.autoStart, Keys.Lifecycle.autoStart, in: section)
        set(&lifecycle.idleTimeout, Keys.Lifecycle.idleTimeout, in: section)
        set(&lifecycle.ttl, Keys.Lifecycle.ttl, in: section)
    }

    private mutating func timeouts(_ node: YAMLNode, _ timeouts: inout Config.PhaseTimeouts) {
        guard let section = section(node, "timeouts") else { return }
        set(&timeouts.clone, Keys.Timeouts.clone, in: section)
        set(&timeouts.install, Keys.Timeouts.install, in: section)
        set(&timeouts.build, Keys.Timeouts.build, in: section)
        set(&timeouts.start, Keys.Timeouts.start, in: section)
    }

    private mutating func retries(_ node: YAMLNode, _ retries: inout Config.Retries) {
        guard let section = section(node, "retries") else { return }
        set(&retries.attempts, Keys.Retries.attempts, in: section)
        set(&retries.backoff, Keys.Retries.backoff, in: section)
    }

    private mutating func hooks(_ node: YAMLNode, _ hooks: inout Config.Hooks) {
        guard let section = section(node, "hooks") else { return }
        hooks.onComplete = value(Keys.Hooks.onComplete, in: section)
        hooks.onError = value(Keys.Hooks.onError, in: section)
    }

    private mutating func words(_ node: YAMLNode) -> [StepID: Config.StepWords] {
        guard let entries = entries(of: node, named: "steps") else { return [:] }
        var words: [StepID: Config.StepWords] = [:]
        for entry in entries {
            let name = entry.key.text ?? ""
            guard let step = StepID.allCases.first(where: { String($0.number) == name }) else {
                report(
                    entry.key,
                    "unknown step \(DisplayText.quoted(name))",
                    code: .unknownKey,
                    expected: "the number of a step: 1, 2, 3 or 4",
                    suggestion: StepID(rawValue: name).map { .init("\($0.number)") }
                )
                continue
            }
            let label = "steps.\(step.number)"
            guard let section = section(entry.value, "steps.N", named: label) else { continue }
            words[step] = Config.StepWords(
                title: value(Keys.Words.title, in: section),
                description: value(Keys.Words.description, in: section)
            )
        }
        return words
    }

    private mutating func limits(_ node: YAMLNode, _ limits: inout Config.Limits) {
        guard let section = section(node, "limits") else { return }
        limits.maxPreviews = value(Keys.Limits.maxPreviews, in: section)
        limits.maxMonthlyCostCents = value(Keys.Limits.maxMonthlyCost, in: section)
    }
}

extension RepositoryReference {
    /// The checkout that the file stands in.
    fileprivate static let here = RepositoryReference(
        text: ".",
        location: .local(path: "."),
        carriedCredentials: false
    )
}
