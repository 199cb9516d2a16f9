package import PreviewCore

/// What a name of an app is, as seen from our organization.
package enum FlyStanding: Hashable, Sendable {
    /// Nobody's, as far as can be seen.
    case free
    case ours
    /// Another organization's.
    case elsewhere
}

/// An app of an organization that the token may see.
package struct FlyApp: Hashable, Sendable {
    /// The name, which all of the platform's customers share.
    package var name: String
    /// The slug of whose it is.
    package var organization: String?
    /// `pending`, `deployed` or `suspended`; new words may come.
    package var status: String
    /// How many machines it has, where that is told.
    package var machineCount: Int?

    /// Reads an app; `nil` for what has no name.
    init?(_ json: JSONValue) {
        guard let name = json.field("name")?.string, !name.isEmpty else { return nil }
        self.name = name
        organization = json.field("organization")?.field("slug")?.string
        status = json.field("status")?.string ?? ""
        machineCount = json.field("machine_count")?.wholeNumber
    }
}

/// An organization that a token is good for.
package struct FlyOrganization: Hashable, Sendable {
    /// Its name in calls; `personal` for the one of a single person.
    package var slug: String
    /// The only apps that the token is for; empty for all of them.
    package var apps: [String]

    /// Reads an entry of a token, or an organization of GraphQL; `nil` for what has no slug.
    init?(_ json: JSONValue) {
        let slugs = ["org_slug", "slug", "organization"].map { json.field($0)?.string }
        guard let slug = slugs.compactMap({ $0 }).first(where: { !$0.isEmpty }) else { return nil }
        self.slug = slug
        apps = (json.field("apps")?.array ?? []).compactMap(\.string)
    }
}

/// An address of an app.
package struct FlyAddress: Hashable, Sendable {
    /// The IP address as text.
    package var address: String
    /// What it is good for.
    package var kind: Kind

    /// The kinds of addresses; the shared one and `v6` cost nothing.
    package enum Kind: String, Hashable, Sendable {
        case sharedV4 = "shared_v4"
        case v4
        case v6
        case privateV6 = "private_v6"
        /// One that leads out of the app, or a kind that is newer than this program.
        case other
    }

    /// An address of a known kind.
    init(_ address: String, _ kind: Kind) {
        self.address = address
        self.kind = kind
    }

    /// Reads an address; its type is told by live servers and not by the documentation.
    init?(_ json: JSONValue) {
        guard let address = (json.field("ip") ?? json.field("address"))?.string else { return nil }
        let isSixth = address.contains(":")
        let kind: Kind =
            if json.field("egress")?.flag == true {
                .other
            } else if let type = json.field("type")?.string {
                Kind(rawValue: type) ?? .other
            } else if json.field("shared")?.flag == true {
                .sharedV4
            } else {
                isSixth ? (address.hasPrefix("fdaa:") ? .privateV6 : .v6) : .v4
            }
        self.init(address, kind)
    }
}

/// A secret by its name; values are never asked for.
package struct FlySecret: Hashable, Sendable {
    /// The variable it becomes in the machines.
    package var name: String
    /// The platform's own digest.
    package var digest: String

    init?(_ json: JSONValue) {
        guard let name = (json.field("name") ?? json.field("label"))?.string else { return nil }
        self.name = name
        digest = json.field("digest")?.string ?? ""
    }
}

/// What came of a command in a machine.
package struct FlyExecution: Hashable, Sendable {
    /// The exit code; 128 and the number of the signal where one ended the command.
    package var status: Int
    /// What it wrote to standard output.
    package var output: String
    /// What it wrote to standard error.
    package var errors: String

    init(_ json: JSONValue) {
        let signal = json.field("exit_signal")?.wholeNumber ?? 0
        status = json.field("exit_code")?.wholeNumber ?? 0
        if status == 0, signal > 0 { status = 128 + signal }
        output = json.field("stdout")?.string ?? ""
        errors = json.field("stderr")?.string ?? ""
    }
}

/// A process in a machine.
package struct FlyProcess: Hashable, Sendable {
    /// The process id in the machine.
    package var id: Int
    /// The command line.
    package var command: String
    /// Where it listens, such as `[::]:3000`.
    package var listensOn: [String]

    init(_ json: JSONValue) {
        id = json.field("pid")?.wholeNumber ?? 0
        command = json.field("command")?.string ?? ""
        listensOn = (json.field("listen_sockets")?.array ?? []).compactMap {
            $0.field("address")?.string
        }
    }
}

/// A page of an app's log.
package struct FlyLogPage: Hashable, Sendable {
    /// Oldest first.
    package var entries: [Entry]
    /// What the next page begins after; `nil` when nothing new came.
    package var next: String?

    init(_ json: JSONValue) {
        entries = (json.list("data") ?? []).compactMap(Entry.init)
        next = json.field("meta")?.field("next_token")?.word.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// One line.
    package struct Entry: Hashable, Sendable {
        /// When it was printed.
        package var time: Timestamp
        /// The line without its end.
        package var message: String
        /// `app` for what the machine prints, else a part of the platform.
        package var provider: String
        /// The id of the machine it is about.
        package var machine: String?

        /// Reads an entry; `nil` for one without text.
        init?(_ json: JSONValue) {
            guard let attributes = json.field("attributes"),
                let text = attributes.field("message")?.string
            else { return nil }
            let meta = attributes.field("meta")
            time =
                attributes.field("timestamp")?.string.flatMap(FlyTime.read)
                ?? Timestamp(seconds: 0)
            message = text
            provider = meta?.field("event")?.field("provider")?.string ?? "app"
            machine = (attributes.field("instance") ?? meta?.field("instance"))?.string
        }
    }
}

/// A region as the platform lists it: what it says outranks the tables of the program.
package struct FlyRegion: Hashable, Sendable {
    /// Three letters, such as `dfw`.
    package var code: String
    /// City and country.
    package var name: String
    /// Whether no new machines should go there.
    package var isDeprecated: Bool
    /// Whether it is for paying organizations only.
    package var needsPaidPlan: Bool

    /// Reads a region; `nil` for what has no code.
    init?(_ json: JSONValue) {
        guard let code = json.field("code")?.string, !code.isEmpty else { return nil }
        self.code = code
        name = json.field("name")?.string ?? ""
        isDeprecated = json.field("deprecated")?.flag ?? false
        needsPaidPlan = json.field("requires_paid_plan")?.flag ?? false
    }
}

/// How many machines would find room in a region.
package struct FlyPlacement: Hashable, Sendable {
    /// The code of the region.
    package var region: String
    /// How many machines fit there.
    package var count: Int

    /// Reads a placement; `nil` for what has no region.
    init?(_ json: JSONValue) {
        guard let region = json.field("region")?.string else { return nil }
        self.region = region
        count = json.field("count")?.wholeNumber ?? 0
    }
}

/// The machines of an organization, as they were some seconds ago.
package struct FlyCensus: Hashable, Sendable {
    /// The machines as the lagging list has them.
    package var members: [Member]
    /// The regions that did not answer: their machines are missing.
    package var missingRegions: [String]

    /// A machine and the app it is in.
    package struct Member: Hashable, Sendable {
        /// The app it belongs to.
        package var app: String
        /// With image, guest and metadata for its config.
        package var machine: FlyMachine

        /// Reads a machine; `nil` for one without id or app.
        init?(_ json: JSONValue) {
            guard let app = json.field("app_name")?.string, var machine = FlyMachine(json) else {
                return nil
            }
            machine.isConfigWhole = false
            self.app = app
            self.machine = machine
        }
    }
}
