package import PreviewCore

/// What a name of an app is, as seen from our organization.
package enum FlyStanding: Hashable, Sendable {
    /// Nobody's, as far as can be seen.
    case free
    case ours
    /// Another organization's.
    case elsewhere
}

/// A machine as the platform shows it. Every field may be missing there.
package struct FlyMachine: Hashable, Sendable {
    package var id: String
    package var name: String
    /// The platform's own word.
    package var state: String
    package var region: String
    /// Changes with every update; the id never does.
    package var version: String
    /// As it is echoed, with whatever others have put there.
    package var config: JSONObject
    package var updatedAt: Timestamp?
    /// The same as a place in the log: nanoseconds since 1970.
    package var logPlace: String?
    /// How the main process ended last, if it ever did.
    package var lastExit: FlyExit?

    /// Reads a machine; `nil` for what has no id.
    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, !id.isEmpty else { return nil }
        self.id = id
        name = json["name"]?.string ?? ""
        state = json["state"]?.string ?? ""
        region = json["region"]?.string ?? ""
        version = json["version"]?.string ?? json["instance_id"]?.string ?? ""
        config = (json["config"] ?? json["incomplete_config"])?.object ?? JSONObject()
        updatedAt = json["updated_at"]?.string.flatMap(FlyTime.read)
        logPlace = json["updated_at"]?.string.flatMap(FlyTime.nanoseconds)
        lastExit = (json["events"]?.array ?? []).lazy.compactMap(FlyExit.init).first
    }

    /// Our marks, if it carries any.
    var marks: MachineMarks? { MachineConfiguration(config).marks }

    /// Whether it is gone for good; such machines can be read for a while.
    package var isGone: Bool { ["destroyed", "destroying"].contains(state) }

    /// Whether its main process runs. That says nothing about the app.
    package var isRunning: Bool { state == "started" }

    /// Whether it is being replaced by its next version, which no change may disturb.
    package var isChanging: Bool { ["replacing", "updating"].contains(state) }

    /// Whether nothing will happen without being asked for.
    package var isResting: Bool {
        ["stopped", "created", "suspended", "failed", "destroyed"].contains(state)
    }
}

/// The end of a machine's main process.
package struct FlyExit: Hashable, Sendable {
    package var code: Int
    /// Whether a person or the platform told it to stop.
    package var wasRequested: Bool
    package var isOutOfMemory: Bool

    /// Reads an event; `nil` for one that is no exit.
    init?(_ event: JSONValue) {
        guard event["type"]?.string == "exit" else { return nil }
        let request = event["request"]
        guard let exit = request?["exit_event"] ?? request?["MonitorEvent"]?["exit_event"] else {
            return nil
        }
        code = exit["exit_code"]?.int ?? exit["guest_exit_code"]?.int ?? 0
        wasRequested = exit["requested_stop"]?.bool ?? false
        isOutOfMemory = exit["oom_killed"]?.bool ?? false
    }
}

/// A public address of an app.
package struct FlyAddress: Hashable, Sendable {
    package var address: String
    package var kind: Kind

    /// The kinds that previews need; both cost nothing.
    package enum Kind: String, Hashable, Sendable {
        case sharedV4 = "shared_v4"
        case v6
        case other
    }

    /// Reads an address; its type is told by live servers and not by the documentation.
    init?(_ json: JSONValue) {
        guard let address = json["ip"]?.string ?? json["address"]?.string else { return nil }
        self.address = address
        let isShared = json["shared"]?.bool ?? false
        let type = json["type"]?.string
        if isShared || type == Kind.sharedV4.rawValue {
            kind = .sharedV4
        } else if type == Kind.v6.rawValue || (type == nil && address.contains(":")) {
            // Those inside the organization are no public ones.
            kind = address.hasPrefix("fdaa:") ? .other : .v6
        } else {
            kind = .other
        }
    }
}

/// A secret by its name; values are never asked for.
package struct FlySecret: Hashable, Sendable {
    package var name: String
    /// The platform's own digest.
    package var digest: String

    init?(_ json: JSONValue) {
        guard let name = json["name"]?.string ?? json["label"]?.string else { return nil }
        self.name = name
        digest = json["digest"]?.string ?? ""
    }
}

/// What came of a command in a machine.
package struct FlyExecution: Hashable, Sendable {
    package var status: Int
    package var output: String
    package var errors: String
}

/// A page of an app's log.
package struct FlyLogPage: Hashable, Sendable {
    /// Oldest first.
    package var entries: [Entry]
    /// What the next page begins after; `nil` when nothing new came.
    package var next: String?

    /// One line.
    package struct Entry: Hashable, Sendable {
        package var time: Timestamp
        package var message: String
        /// `app` for what the machine prints, else a part of the platform.
        package var provider: String

        /// Reads an entry; `nil` for one without text.
        init?(_ json: JSONValue) {
            guard let attributes = json["attributes"], let text = attributes["message"]?.string
            else { return nil }
            time =
                attributes["timestamp"]?.string.flatMap(FlyTime.read) ?? Timestamp(seconds: 0)
            message = text
            provider = attributes["meta"]?["event"]?["provider"]?.string ?? "app"
        }
    }
}

/// Times as the platform writes them: RFC 3339, with or without fractions of a second.
enum FlyTime {
    /// The time in nanoseconds since 1970, which is how places in the log are named.
    static func nanoseconds(_ text: String) -> String? {
        guard let time = read(text) else { return nil }
        let fraction = text.firstIndex(of: ".").map {
            text[$0...].dropFirst().prefix { $0.isNumber }.prefix(9)
        }
        let digits = String(fraction ?? "")
        return "\(time.seconds)" + digits + String(repeating: "0", count: 9 - digits.count)
    }

    static func read(_ text: String) -> Timestamp? {
        if let time = Timestamp(text) { return time }
        guard let dot = text.firstIndex(of: ".") else { return nil }
        let rest = text[dot...].dropFirst().drop { $0.isNumber }
        return Timestamp(String(text[..<dot]) + rest)
    }
}
