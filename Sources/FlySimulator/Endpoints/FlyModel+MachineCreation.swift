import PreviewCore

extension FlyModel {
    /// `POST /v1/apps/{app}/machines` (reference, section 4.2).
    mutating func createMachine(_ call: Call) throws(APIError) -> Reply {
        let app = try app(of: call)
        guard app.deletedAt == nil else { throw .appUnknown }
        let version = try version(from: call, in: app, keepingImageOf: nil)
        let regions = try regions(call.body.given("region")?.string)
        let name = call.body.given("name")?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let name { try checkMachineName(name, in: app) }
        try checkMachineLimit(of: app)
        let region = try place(version.config, in: regions, app: app)
        var machine = addMachine(
            version, name: name ?? generatedMachineName(), region: region, in: app)
        if call.body.given("skip_service_registration")?.bool == true { machine.isCordoned = true }
        var nonce: String?
        if let ttl = call.body.given("lease_ttl")?.int, ttl > 0 {
            nonce = grantLease(
                of: &machine, to: call, seconds: ttl, description: "machine creation")
        }
        machines[machine.id] = machine
        guard var document = json(machine).object else { return .now(.ok) }
        if let nonce { document["nonce"] = .string(nonce) }
        return .now(withAffinity(.json(200, .object(document)), to: app))
    }

    /// Makes a machine without asking whether it may be.
    @discardableResult
    mutating func addMachine(
        _ version: Machine.Version, name: String, region: String, in app: App
    ) -> Machine {
        var machine = Machine(
            id: ids.hexadecimal(14), app: app.name, name: name, region: region,
            privateIP: "fdaa:0:\(ids.hexadecimal(4)):a7b:\(ids.hexadecimal(4)):"
                + "\(ids.hexadecimal(4)):\(ids.hexadecimal(4)):2",
            createdAt: now, updatedAt: now, versions: [version],
            sight: Sight(visibility, at: now))
        counts.machines += 1
        apps[app.name]?.hadMachines = true
        record("launch", .created, by: .user, of: &machine)
        log(
            "Pulling container image \(version.image.text)", ofMachine: machine, provider: "runner")
        if let volume = version.config.volume,
            let index = app.volumes.firstIndex(where: { $0.id == volume })
        {
            apps[app.name]?.volumes[index].machine = machine.id
        }
        machine.isLaunching = version.launches
        if version.launches {
            machine.preparedAt = now + delays.prepare
            schedule(.prepared, for: machine, after: delays.prepare)
        } else {
            machine.preparedAt = now + delays.createWindow
            if configuration.choices.rest == .stopped {
                schedule(.rested, for: machine, after: delays.createWindow)
            }
        }
        machines[machine.id] = machine
        return machine
    }

    /// The version that a create or update asks for.
    mutating func version(
        from call: Call, in app: App, keepingImageOf old: Machine.Version?
    ) throws(APIError) -> Machine.Version {
        guard let sent = call.body.given("config") else { throw .invalid("config is required") }
        let config = try MachineConfig(sent)
        let image = try resolve(config.image, keeping: old?.image, in: app)
        let minimum = call.body.given("min_secrets_version")?.int
        if let minimum, minimum > app.secrets.version {
            throw .invalid("min_secrets_version \(minimum) does not exist")
        }
        return Machine.Version(
            id: ids.ulid(at: now), config: config, sent: sent, image: image,
            launches: call.body.given("skip_launch")?.bool != true,
            skipsSecrets: call.body.given("skip_secrets")?.bool == true, secretsVersion: minimum)
    }

    /// Looks the image's manifest up. A reference that did not change is not looked up again
    /// (reference, section 4.5); one of `registry.fly.io` must belong to an app of the same
    /// organization.
    private func resolve(
        _ text: String, keeping old: ImageReference?, in app: App
    ) throws(APIError) -> ImageReference {
        if let old, old.text == text { return old }
        guard var image = ImageReference(text), !images.missing.contains(text) else {
            throw .manifestUnknown(text)
        }
        if image.registry == "registry.fly.io",
            apps[image.repository]?.organization != app.organization
        {
            throw .manifestUnknown(text)
        }
        if let digest = images.digests[text] { image.digest = digest }
        return image
    }

    private func regions(_ expression: String?) throws(APIError) -> [String] {
        guard let expression, !expression.isEmpty else { return [configuration.edgeRegion] }
        guard let regions = Region.expand(expression) else {
            throw .invalid("invalid region: \(expression)")
        }
        return regions
    }

    private func checkMachineName(_ name: String, in app: App) throws(APIError) {
        guard name.utf8.count < 64, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .invalid("invalid machine name")
        }
        // One that is being destroyed still holds its name, a destroyed one does not.
        if let holder = machines(ofApp: app.name).first(where: { $0.isLive && $0.name == name }) {
            throw .machineName(name, takenBy: holder.id)
        }
    }

    private func checkMachineLimit(of app: App) throws(APIError) {
        guard let limit = organizations[app.organization]?.machineLimit else { return }
        let count = machines.values.count {
            $0.isLive && apps[$0.app]?.organization == app.organization
        }
        guard count < limit else { throw .machineLimit }
    }

    /// The first region of a list with room for the machine.
    private func place(
        _ config: MachineConfig, in regions: [String], app: App
    ) throws(APIError) -> String {
        if let id = config.volume {
            guard let volume = app.volumes.first(where: { $0.id == id && !$0.isDestroyed }) else {
                throw .invalid("volume \(id) not found")
            }
            guard volume.machine == nil else {
                throw .precondition("volume \(id) is attached to machine \(volume.machine ?? "")")
            }
            guard !capacity.fullVolumes.contains(id) else { throw .volumeHostFull(id) }
            guard regions.contains(volume.region) else {
                throw .invalid("volume \(id) is in region \(volume.region)")
            }
            return volume.region
        }
        guard let region = regions.first(where: { !capacity.fullRegions.contains($0) }) else {
            throw .regionFull
        }
        if let lack = capacity.fullHosts[region], lack != "governor" {
            throw APIError(
                409,
                "aborted: insufficient resources available to fulfill request: could not reserve "
                    + "resource for machine: insufficient \(lack) available to fulfill request")
        }
        return region
    }

    private mutating func generatedMachineName() -> String {
        let words = ["wild", "cold", "aged", "red", "still", "dark"]
        let things = ["sun", "bird", "snow", "fog", "rain", "dew"]
        let pair = [words, things].map { $0[Int(ids.next() % UInt64($0.count))] }
        return "\(pair[0])-\(pair[1])-\(Int(ids.next() % 9000) + 1000)"
    }
}
