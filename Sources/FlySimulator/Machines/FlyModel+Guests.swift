import PreviewCore

/// What runs in the machines, as far as the platform sees it.
extension FlyModel {
    /// Boots the current version: environment, files and secrets as of now.
    mutating func boot(_ machine: inout Machine) {
        machine.bootCount += 1
        counts.boots += 1
        let secrets = secrets(for: machine)
        let boot = GuestBoot(
            app: machine.app, machine: machine.id, name: machine.name, region: machine.region,
            version: machine.current.id, number: machine.bootCount,
            isRootFresh: isRootFresh(machine),
            environment: environment(of: machine, secrets: secrets), config: machine.config.json,
            files: files(of: machine, secrets: secrets))
        machine.guest = Machine.Guest(boot: boot.number)
        log(
            "Starting machine with image \(machine.current.image.text)", ofMachine: machine,
            provider: "runner")
        log(
            "\u{1B}[32m INFO\u{1B}[0m Preparing to run: "
                + "`\(machine.config.command.joined(separator: " "))` as root",
            ofMachine: machine)
        switch configuration.guests {
        case .scripted(let script): begin(script(boot), of: &machine)
        case .executed:
            let ports = machine.config.services.map(\.internalPort)
            effects.append(.boot(boot, ports: Array(Set(ports)).sorted()))
        }
        scheduleChecks(of: machine)
    }

    private mutating func begin(_ script: GuestScript, of machine: inout Machine) {
        let boot = machine.bootCount
        machine.guest?.script = script
        for line in script.lines {
            schedule(.guest(machine.id, boot: boot, .line(line.text)), after: line.after)
        }
        if let delay = script.listensAfter {
            schedule(.guest(machine.id, boot: boot, .listens), after: delay)
        }
        if let end = script.end {
            let ending = GuestEnding(
                code: end.code, signal: end.isOutOfMemory ? Signal.kill : 0,
                isOutOfMemory: end.isOutOfMemory)
            schedule(.guest(machine.id, boot: boot, .ends(ending)), after: end.after)
        }
    }

    /// Plays a step of a scripted guest.
    mutating func play(_ step: GuestStep, ofMachine id: String, boot: Int) {
        switch step {
        case .line(let text): guestWrote(text, machine: id)
        case .listens:
            machines[id]?.guest?.isListening = true
            revision += 1
        case .ends(let ending): guestEnded(id, boot: boot, ending)
        }
    }

    /// A line of output of the main process.
    mutating func guestWrote(_ line: String, machine id: String) {
        guard let machine = machines[id] else { return }
        log(line, ofMachine: machine)
    }

    /// Whether the root filesystem is the image's again (reference, section 11). Whether `restart`
    /// also covers a stop and a later start is not documented; here it does not.
    private func isRootFresh(_ machine: Machine) -> Bool {
        switch (machine.bootCause, machine.config.rootPersistence) {
        case (.first, _), (_, .never): true
        case (_, .always), (.restart, .restart): false
        case (_, .restart): true
        }
    }

    private func secrets(for machine: Machine) -> [String: String] {
        guard !machine.current.skipsSecrets, let vault = apps[machine.app]?.secrets else {
            return [:]
        }
        return vault.values(
            at: now, lag: delays.secrets, atLeast: machine.current.secretsVersion)
    }

    /// The environment of the main process (reference, section 11). `PORT` is not set.
    private func environment(
        of machine: Machine, secrets: [String: String]
    ) -> [String: String] {
        let app = apps[machine.app]
        let own = machine.config.environment
        let given: [String: String] = [
            "FLY_APP_NAME": machine.app, "FLY_MACHINE_ID": machine.id,
            "FLY_ALLOC_ID": machine.id, "FLY_REGION": machine.region,
            "FLY_PUBLIC_IP": app?.addresses.first { $0.type == "v6" }?.ip ?? "",
            "FLY_IMAGE_REF": machine.current.image.text,
            "FLY_MACHINE_VERSION": machine.current.id, "FLY_PRIVATE_IP": machine.privateIP,
            "FLY_PROCESS_GROUP": machine.config.metadata["fly_process_group"] ?? "",
            "FLY_VM_MEMORY_MB": String(machine.config.memoryMB),
            "PRIMARY_REGION": own["PRIMARY_REGION"] ?? machine.region,
        ]
        return own.merging(secrets) { $1 }.merging(given) { $1 }
    }

    /// The files to be written before the main process starts. The value of a secret is itself
    /// Base64 (reference, section 6.3).
    private func files(of machine: Machine, secrets: [String: String]) -> [GuestBoot.File] {
        machine.config.files.map { file in
            let content: [UInt8]
            switch file.content {
            case .bytes(let bytes): content = bytes
            case .secret(let name): content = secrets[name].flatMap(Base64.decode) ?? []
            case .imageConfig(let image):
                content = JSONWriter.line(["image": .string(image)])
            }
            return GuestBoot.File(path: file.path, content: content, mode: file.mode)
        }
    }

    // MARK: - Health checks

    /// Has every check of the config run for the first time after its interval.
    private mutating func scheduleChecks(of machine: Machine) {
        guard let boot = machine.guest?.boot else { return }
        for check in machine.config.checks {
            schedule(.check(machine.id, boot: boot, name: check.name), after: check.interval)
        }
    }

    /// Runs a check now and again after its interval.
    mutating func runCheck(_ name: String, ofMachine id: String, boot: Int) {
        guard let machine = machines[id], let guest = machine.guest,
            let check = machine.config.checks.first(where: { $0.name == name })
        else { return }
        schedule(.check(id, boot: boot, name: name), after: check.interval)
        // One that is suspended is not looked at; its checks go on when it is resumed.
        guard machine.state == .started else { return }
        guard let script = guest.script else {
            effects.append(.probe(machine: id, boot: boot, check: check))
            return
        }
        let isGood = !check.isHTTP || (200..<300).contains(script.response.status)
        let output =
            !guest.isListening
            ? "connect: connection refused" : check.isHTTP ? "\(script.response.status)" : "Success"
        checked(name, ofMachine: id, boot: boot, isPassing: guest.isListening && isGood, output)
    }

    /// Notes the result of a check; failures within the grace period do not count.
    mutating func checked(
        _ name: String, ofMachine id: String, boot: Int, isPassing: Bool, _ output: String
    ) {
        guard let machine = machines[id], machine.guest?.boot == boot,
            let check = machine.config.checks.first(where: { $0.name == name })
        else { return }
        let startedAt = machine.events.last { $0.type == "start" }?.time ?? now
        if !isPassing, now < startedAt + check.grace { return }
        let status = isPassing ? "passing" : "critical"
        let changed = machine.checks[name]?.status != status
        revision += 1
        machines[id]?.checks[name] = Machine.Check(
            name: name, status: status, output: output,
            updatedAt: changed ? now : machine.checks[name]?.updatedAt ?? now)
    }
}
