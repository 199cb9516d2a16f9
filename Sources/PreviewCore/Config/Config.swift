/// What the user asked for: `preview.yaml`, already valid and with every default filled in
/// (SPEC section 2).
package struct Config: Hashable, Sendable {
    /// The project; the first part of the app name. By default the last part of ``repository``.
    package var name: String
    /// Whether the file gives ``name``. If not, and ``repository`` is a local checkout, whoever knows
    /// its `origin` sets ``name`` to that repository's, so that all its checkouts share one app name.
    package var isNameGiven = false
    package var repository: RepositoryReference
    package var branch: Branch
    /// The sub-application inside the repository, without leading or trailing slash; empty for the root.
    package var path: String
    package var provider: ProviderName
    /// Region codes in order of preference, never empty.
    package var regions: [String]
    package var resources: Resources
    /// Plain values for the app.
    package var environment: [String: String]
    /// References to secrets in file order, never their values.
    package var secrets: [SecretReference]
    package var run: RunOverrides
    package var health: Health
    package var lifecycle: Lifecycle
    package var timeouts: PhaseTimeouts
    package var retries: Retries
    package var hooks: Hooks
    /// Own words for a step's title and description.
    package var words: [StepID: StepWords]
    package var limits: Limits
    package var state: StateSettings
    /// Where the key comes from with which the record is encrypted; `nil` leaves it readable.
    package var stateKey: SecretReference.Source?

    /// A configuration with every default of SPEC section 2 for a repository.
    package init(name: String, repository: RepositoryReference) {
        self.name = name
        self.repository = repository
        branch = .named("main")
        path = ""
        provider = .fly
        regions = ["dfw"]
        resources = .default
        environment = [:]
        secrets = []
        run = RunOverrides()
        health = Health()
        lifecycle = Lifecycle()
        timeouts = PhaseTimeouts()
        retries = Retries()
        hooks = Hooks()
        words = [:]
        limits = Limits()
        state = .file(path: ".preview")
    }

    /// A branch by name, or the one that is checked out.
    package enum Branch: Hashable, Sendable {
        case named(String)
        case current
    }

    /// Size of the machine. Memory is in MB.
    package struct Resources: Hashable, Sendable, Codable {
        /// The row of the size table with this kind and number of CPUs, such as `shared-cpu-2x`: the
        /// parser gives it always, also where the file has `cpu` and `memory` alone.
        package var size: String
        package var cpu: Int
        package var memory: Int

        package init(size: String, cpu: Int, memory: Int) {
            self.size = size
            self.cpu = cpu
            self.memory = memory
        }

        /// A machine of that size, with memory in MB, by default the least that the size can have.
        package init(_ size: MachineSize, memory: Int? = nil) {
            self.init(
                size: size.name,
                cpu: size.cpus,
                memory: memory ?? size.memory.lowerBound
            )
        }

        /// The default, `shared-cpu-2x`.
        package static let `default` = Resources(MachineSize.default)
    }

    /// Overrides of what detection found; `nil` means as detected.
    package struct RunOverrides: Hashable, Sendable, Codable {
        package var install: String?
        package var build: String?
        package var start: String?
        package var port: Int?
        package var mode = Mode.production
        /// Base image on `fly`.
        package var image: String?

        package init() {}
    }

    /// Which command starts the app: the start command, or the dev server.
    package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        case production, dev
    }

    /// How to tell that the app answers. The timeout is in seconds.
    package struct Health: Hashable, Sendable, Codable {
        package var path = "/"
        package var timeout = 120

        package init() {}
    }

    /// When the app starts and stops by itself. Times are in seconds; `nil` means never.
    package struct Lifecycle: Hashable, Sendable, Codable {
        package var autoStart = true
        package var idleTimeout: Int? = 3600
        package var ttl: Int? = 72 * 3600

        package init() {}
    }

    /// How long each phase of the boot may take, in seconds.
    package struct PhaseTimeouts: Hashable, Sendable, Codable {
        package var clone = 120
        package var install = 600
        package var build = 900
        /// Until the app listens.
        package var start = 120

        package init() {}
    }

    /// How often a call that may be repeated is tried, and the first pause in seconds.
    package struct Retries: Hashable, Sendable, Codable {
        package var attempts = 3
        package var backoff = 1

        package init() {}
    }

    /// Commands run after success or failure; a failing hook is reported and undoes nothing.
    package struct Hooks: Hashable, Sendable, Codable {
        package var onComplete: String?
        package var onError: String?

        package init() {}
    }

    /// Own words for a step; `nil` keeps the standard ones.
    package struct StepWords: Hashable, Sendable, Codable {
        package var title: String?
        package var description: String?

        package init(title: String? = nil, description: String? = nil) {
            self.title = title
            self.description = description
        }
    }

    /// What no flag can override. Costs are in US cents per month.
    package struct Limits: Hashable, Sendable, Codable {
        package var maxPreviews: Int?
        package var maxMonthlyCostCents: Int?

        package init() {}
    }

    /// Where the record is kept. The file keeps the keys of every store (SPEC section 6); which
    /// stores exist is known by the adapters' catalogue.
    package enum StateSettings: Hashable, Sendable {
        case file(path: String)
        /// A store by name with its settings, such as `bucket`.
        case other(name: String, settings: [String: String])
    }

    /// The stores whose keys the file's format knows (SPEC section 6).
    package enum StoreName: String, Hashable, Sendable, CaseIterable {
        case file, s3, http, postgres
    }
}

/// Whom we ask for a machine.
package enum ProviderName: String, Hashable, Sendable, Codable, CaseIterable {
    case local, fly
}

/// Where a secret's value comes from when a step needs it.
package struct SecretReference: Hashable, Sendable, Codable {
    /// The name of the variable the app sees.
    package var name: String
    package var source: Source

    package init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    /// An environment variable (or a line of the `.env` file), or a file whose content is the value.
    package enum Source: Hashable, Sendable, Codable {
        case environment(String)
        case file(String)
    }
}
