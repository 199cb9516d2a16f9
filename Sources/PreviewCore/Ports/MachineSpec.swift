/// What step 2 is to make.
package struct MachineSpec: Hashable, Sendable, Codable {
    /// The name to take first: the one in use, or the first candidate.
    package var app: String
    /// Names to take, in this order, where ``app`` is somebody else's (SPEC section 2).
    package var otherNames: [String]
    /// The marks that everything made for it is to carry.
    package var owner: Ownership
    /// In order of preference.
    package var regions: [String]
    /// The size it is made with; a later change of size is step 3's.
    package var resources: Config.Resources
    /// What the app will run on, as far as it is known.
    package var platform: Platform
    /// End of its life, written on it for whoever takes away what is past it; `nil` for none.
    package var expiresAt: Timestamp?

    package init(
        app: String, otherNames: [String] = [], owner: Ownership, regions: [String],
        resources: Config.Resources, platform: Platform = Platform(), expiresAt: Timestamp?
    ) {
        self.app = app
        self.otherNames = otherNames
        self.owner = owner
        self.regions = regions
        self.resources = resources
        self.platform = platform
        self.expiresAt = expiresAt
    }
}

/// What an app runs on: decides on a virtual environment (`local`) or on a base image (`fly`).
package struct Platform: Hashable, Sendable, Codable {
    /// The language runtime, such as `python`; `nil` for a static site and where none was recognised.
    package var runtime: String?
    /// The runtime's version as the repository asks for it, such as `20` or `3.12`.
    package var version: String?
    /// The base image that `run.image` names.
    package var image: String?

    package init(runtime: String? = nil, version: String? = nil, image: String? = nil) {
        self.runtime = runtime
        self.version = version
        self.image = image
    }
}

/// Where a machine would answer, before it exists.
package struct Proposal: Hashable, Sendable {
    /// The name that would be used: the first one that is free.
    package var app: String
    /// Where it would answer.
    package var url: String
    /// Remarks for the plan, such as that the derived port is taken.
    package var remarks: [Plan.Warning]

    package init(app: String, url: String, remarks: [Plan.Warning] = []) {
        self.app = app
        self.url = url
        self.remarks = remarks
    }
}

/// A machine as the provider confirmed it.
package struct Machine: Hashable, Sendable, Codable {
    /// The provider's own name for it, by which all other calls name it.
    package var id: String
    /// `pv-` and the key of the attempt that made it.
    package var name: String
    /// The app it belongs to.
    package var app: String
    /// Where it answers once something is booted.
    package var url: String
    /// The provider's word for the place it stands in.
    package var region: String
    /// The port it answers on, where that is a matter of this machine (`local`).
    package var port: Int?
    /// Lineage of the record it was given to, where others could take it over; then it is theirs,
    /// and this record may no longer touch it (ENGINE R-42).
    package var lineage: String?

    package init(
        id: String, name: String, app: String, url: String, region: String, port: Int? = nil,
        lineage: String? = nil
    ) {
        self.id = id
        self.name = name
        self.app = app
        self.url = url
        self.region = region
        self.port = port
        self.lineage = lineage
    }
}

/// What step 3 is to set.
package struct Settings: Hashable, Sendable, Codable {
    /// Plain values; what step 4 adds, such as `PORT`, is not among them.
    package var environment: [String: String]
    /// Names of all secrets that are wanted; their values are handed over beside the settings.
    package var secretNames: [String]
    /// Secrets whose value is not known to be the one that was set last.
    package var changedSecrets: [String]
    /// Secrets that were set once and are no longer wanted.
    package var withdrawnSecrets: [String]
    /// The size it is to have from now on.
    package var resources: Config.Resources
    /// When it is started, stopped and given up.
    package var lifecycle: Config.Lifecycle
    /// Where the app is to be asked, as far as it is known before the boot.
    package var port: Int?
    /// What its answer is asked for, and how long it may take.
    package var health: Config.Health
    /// Digest of everything the app must be restarted for.
    package var revision: String
    /// Whether step 4 has something to do after this, so that starting is left to it.
    package var isBootNext: Bool
    /// End of its life; `nil` for none.
    package var expiresAt: Timestamp?

    package init(
        environment: [String: String], secretNames: [String], changedSecrets: [String] = [],
        withdrawnSecrets: [String] = [], resources: Config.Resources,
        lifecycle: Config.Lifecycle, port: Int? = nil, health: Config.Health = .init(),
        revision: String, isBootNext: Bool = true, expiresAt: Timestamp?
    ) {
        self.environment = environment
        self.secretNames = secretNames
        self.changedSecrets = changedSecrets
        self.withdrawnSecrets = withdrawnSecrets
        self.resources = resources
        self.lifecycle = lifecycle
        self.port = port
        self.health = health
        self.revision = revision
        self.isBootNext = isBootNext
        self.expiresAt = expiresAt
    }
}

/// What the provider observed after setting.
package struct SettingsReceipt: Hashable, Sendable {
    /// Honest remarks, such as that memory cannot be limited here.
    package var notes: [String]

    package init(notes: [String] = []) { self.notes = notes }
}
