package import PreviewCore

/// A machine as the platform shows it. Every field may be missing there.
package struct FlyMachine: Hashable, Sendable {
    /// Fourteen hexadecimal digits, the same for the machine's whole life.
    package var id: String
    /// Unique among the live machines of the app.
    package var name: String
    /// The platform's own word; new words may come.
    package var state: String
    /// The code of the region it stands in.
    package var region: String
    /// Changes with every update; the id never does.
    package var version: String
    /// As it is echoed, with whatever others have put there.
    package var config: JSONObject
    /// Whether ``config`` is all of it. While its host cannot be reached the platform shows only a
    /// part, and a list in short form shows none: an update made from it would drop the rest.
    package var isConfigWhole: Bool
    /// Its address in the organization's own network.
    package var privateIP: String?
    /// When it was made.
    package var createdAt: Timestamp?
    /// When it changed last, also by itself.
    package var updatedAt: Timestamp?
    /// The same as a place in the log: nanoseconds since 1970.
    package var logPlace: String?
    /// What its image resolved to, such as `sha256:…`.
    package var imageDigest: String?
    /// What happened to it, newest first.
    package var events: [FlyEvent]
    /// What the health checks say; empty until the first of them has run, which is no success.
    package var checks: [FlyCheck]
    /// Whether the proxy is told to lead no requests to it.
    package var isCordoned: Bool
    /// Of the lease that was taken with the machine; shown only when it is made.
    package var nonce: String?
    /// Who holds its lease, where that was asked for.
    package var lease: FlyLease?

    /// Reads a machine; `nil` for what has no id.
    package init?(_ json: JSONValue) {
        guard let id = json.field("id")?.word, !id.isEmpty else { return nil }
        self.id = id
        name = json.field("name")?.string ?? ""
        state = json.field("state")?.string ?? ""
        region = json.field("region")?.string ?? ""
        let versions = [json.field("version")?.string, json.field("instance_id")?.string]
        version = versions.compactMap { $0 }.first { !$0.isEmpty } ?? ""
        let whole = json.field("config")?.object
        config = whole ?? json.field("incomplete_config")?.object ?? JSONObject()
        isConfigWhole = whole != nil
        privateIP = json.field("private_ip")?.string
        createdAt = json.field("created_at")?.string.flatMap(FlyTime.read)
        updatedAt = json.field("updated_at")?.string.flatMap(FlyTime.read)
        logPlace = json.field("updated_at")?.string.flatMap(FlyTime.nanoseconds)
        imageDigest = json.field("image_ref")?.field("digest")?.string
        events = FlyEvent.newestFirst(json.field("events")?.array ?? [])
        checks = (json.field("checks")?.array ?? []).compactMap(FlyCheck.init)
        isCordoned = json.field("cordoned")?.flag ?? false
        nonce = json.field("nonce")?.string
        lease = json.field("lease").flatMap { FlyLease($0) }
    }

    /// The texts that were put on it, ours and others'.
    package var metadata: [String: String] { config["metadata"]?.texts ?? [:] }

    /// How the main process ended last, if it ever did.
    package var lastExit: FlyExit? { events.lazy.compactMap(\.exit).first }

    /// Whether it was destroyed; such machines can be read for a while.
    package var isDestroyed: Bool { state == "destroyed" }

    /// Whether it is gone for good, or about to be.
    package var isGone: Bool { ["destroyed", "destroying"].contains(state) }

    /// Whether its main process runs. That says nothing about the app.
    package var isRunning: Bool { state == "started" }

    /// Whether it is being replaced by its next version, which no change may disturb.
    package var isChanging: Bool { ["replacing", "updating"].contains(state) }

    /// Whether it is without a running process and stays so until somebody asks for something.
    package var isResting: Bool {
        ["stopped", "created", "suspended", "failed", "destroyed"].contains(state)
    }
}

/// Something that happened to a machine.
package struct FlyEvent: Hashable, Sendable {
    /// Increases from event to event.
    package var id: String
    /// Such as `launch`, `start`, `stop`, `exit`, `restart`, `update`.
    package var kind: String
    /// The state it led to.
    package var status: String
    /// Who caused it: `user`, `flyd`, `proxy`.
    package var source: String
    /// When it happened.
    package var time: Timestamp?
    /// The same in milliseconds since 1970.
    private var moment: Int?
    /// How the main process ended, for an event that says so.
    package var exit: FlyExit?
    /// How often the restart policy has started it again.
    package var restartCount: Int?

    init(_ json: JSONValue) {
        let request = json.field("request")
        id = json.field("id")?.word ?? ""
        kind = json.field("type")?.string ?? ""
        status = json.field("status")?.string ?? ""
        source = json.field("source")?.string ?? ""
        moment = json.field("timestamp")?.wholeNumber
        time = moment.map { Timestamp(seconds: $0 / 1000) }
        exit = FlyExit(json)
        restartCount = request?.field("restart_count")?.wholeNumber
    }

    /// Events in the documented order, whatever order they come in.
    static func newestFirst(_ list: [JSONValue]) -> [FlyEvent] {
        let events = list.map(FlyEvent.init)
        guard events.allSatisfy({ $0.moment != nil }) else { return events }
        return events.enumerated().sorted { left, right in
            let (first, second) = (left.element.moment ?? 0, right.element.moment ?? 0)
            return first == second ? left.offset < right.offset : first > second
        }.map(\.element)
    }
}

/// The end of a machine's main process.
package struct FlyExit: Hashable, Sendable {
    /// The exit code of the main process.
    package var code: Int
    /// Whether a person or the platform told it to stop.
    package var wasRequested: Bool
    /// Whether the kernel ended it for want of memory.
    package var isOutOfMemory: Bool

    /// Reads an event; `nil` for one that tells of no end.
    init?(_ event: JSONValue) {
        let request = event.field("request")
        let exit =
            request?.field("exit_event") ?? request?.field("monitor_event")?.field("exit_event")
        guard let exit else { return nil }
        code =
            exit.field("exit_code")?.wholeNumber ?? exit.field("guest_exit_code")?.wholeNumber ?? 0
        wasRequested = exit.field("requested_stop")?.flag ?? false
        isOutOfMemory = exit.field("oom_killed")?.flag ?? false
    }
}

/// What a health check says.
package struct FlyCheck: Hashable, Sendable {
    /// The check's name in the config.
    package var name: String
    /// `passing`, `warning` or `critical`.
    package var status: String
    /// What the app answered last.
    package var output: String

    /// Reads a check; `nil` for the fakes that the platform shows to old clients.
    init?(_ json: JSONValue) {
        guard let name = json.field("name")?.string, !name.hasPrefix("bg_deployments_compat") else {
            return nil
        }
        self.name = name
        status = json.field("status")?.string ?? ""
        output = json.field("output")?.string ?? ""
    }

    /// Whether all is well.
    package var isPassing: Bool { status == "passing" }
}

/// The exclusive right to change a machine.
package struct FlyLease: Hashable, Sendable {
    /// Who has it, such as an address of mail.
    package var owner: String
    /// What it was taken for, in its holder's words.
    package var description: String
    /// When it ends by itself.
    package var expiresAt: Timestamp?
    /// What changes carry while it lasts; told only to whoever took it.
    package var nonce: String?

    /// Reads a lease, in an envelope or without one.
    init?(_ json: JSONValue) {
        let lease = json.field("data") ?? json
        guard lease.object != nil else { return nil }
        owner = lease.field("owner")?.string ?? ""
        description = lease.field("description")?.string ?? ""
        expiresAt = lease.field("expires_at")?.wholeNumber.map { Timestamp(seconds: $0) }
        nonce = lease.field("nonce")?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}
