/// What the user asked for: `preview.yaml`, already valid and with every default filled in
/// (SPEC section 2).
package struct Config: Hashable, Sendable {
    /// The project; the first part of the app name. By default the last part of ``repository``.
    package var name: String
    /// Whether the file gives ``name``. If not, and ``repository`` is a local checkout, whoever knows
    /// its `origin` sets ``name`` to that repository's, so that all its checkouts share one app name.
    package var isNameGiven = false
    /// Where the code is.
    package var repository: RepositoryReference
    /// Which line of it is shown.
    package var branch: Branch
    /// The sub-application inside the repository, without leading or trailing slash; empty for the root.
    package var path: String
    /// Whom we ask for a machine.
    package var provider: ProviderName
    /// Region codes in order of preference, never empty.
    package var regions: [String]
    /// How large the machine is.
    package var resources: Resources
    /// Plain values for the app.
    package var environment: [String: String]
    /// References to secrets in file order, never their values.
    package var secrets: [SecretReference]
    /// What is said of the commands that detection finds.
    package var run: RunOverrides
    /// How to tell that the app answers.
    package var health: Health
    /// When the app starts, stops and ends.
    package var lifecycle: Lifecycle
    /// How long the phases of the boot may take.
    package var timeouts: PhaseTimeouts
    /// How often calls are repeated.
    package var retries: Retries
    /// What is run after a run.
    package var hooks: Hooks
    /// Own words for a step's title and description.
    package var words: [StepID: StepWords]
    /// What no flag can override.
    package var limits: Limits
    /// Where the record is kept.
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
        state = .standard
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
        /// How many CPUs.
        package var cpu: Int
        /// In MB.
        package var memory: Int

        /// A machine of these figures, which the caller knows to go together.
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
        /// The shell line that installs the dependencies; empty for none at all.
        package var install: String?
        /// The shell line that builds the app; empty for none at all.
        package var build: String?
        /// The shell line that starts the server.
        package var start: String?
        /// The port that the app listens on.
        package var port: Int?
        /// Which of the commands starts it.
        package var mode = Mode.production
        /// Base image on `fly`.
        package var image: String?

        /// Everything as detected.
        package init() {}
    }

    /// Which command starts the app: the start command, or the dev server.
    package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
        case production, dev
    }

    /// How to tell that the app answers. The timeout is in seconds.
    package struct Health: Hashable, Sendable, Codable {
        /// Begins with `/`.
        package var path = "/"
        /// From the first listening on.
        package var timeout = 120

        /// The defaults.
        package init() {}
    }

    /// When the app starts and stops by itself. Times are in seconds; `nil` means never.
    package struct Lifecycle: Hashable, Sendable, Codable {
        /// Whether a request starts a stopped app.
        package var autoStart = true
        /// How long without traffic until it is stopped.
        package var idleTimeout: Int? = 3600
        /// The age after which `preview prune` destroys it.
        package var ttl: Int? = 72 * 3600

        /// The defaults.
        package init() {}
    }

    /// How long each phase of the boot may take, in seconds.
    package struct PhaseTimeouts: Hashable, Sendable, Codable {
        /// Fetching the commit.
        package var clone = 120
        /// Installing the dependencies.
        package var install = 600
        /// Building the app.
        package var build = 900
        /// Until the app listens.
        package var start = 120

        /// The defaults.
        package init() {}
    }

    /// How often a call that may be repeated is tried, and the first pause in seconds.
    package struct Retries: Hashable, Sendable, Codable {
        /// Tries in all, at least one.
        package var attempts = 3
        /// The first pause; may be zero.
        package var backoff = 1

        /// The defaults.
        package init() {}
    }

    /// Commands run after success or failure; a failing hook is reported and undoes nothing.
    package struct Hooks: Hashable, Sendable, Codable {
        /// A shell line for when all steps are completed.
        package var onComplete: String?
        /// A shell line for when a step has failed.
        package var onError: String?

        /// No hooks.
        package init() {}
    }

    /// Own words for a step; `nil` keeps the standard ones.
    package struct StepWords: Hashable, Sendable, Codable {
        /// In place of the step's title.
        package var title: String?
        /// In place of the step's description.
        package var description: String?

        /// Words for one step.
        package init(title: String? = nil, description: String? = nil) {
            self.title = title
            self.description = description
        }
    }

    /// What no flag can override. Costs are in US cents per month.
    package struct Limits: Hashable, Sendable, Codable {
        /// How many previews may be recorded at once; `nil` for any number.
        package var maxPreviews: Int?
        /// For all recorded previews as if never idle; `nil` for any amount.
        package var maxMonthlyCostCents: Int?

        /// No limits.
        package init() {}
    }

    /// Where the record is kept (SPEC section 6).
    package struct StateSettings: Hashable, Sendable {
        /// What keeps it.
        package var store: StoreName
        /// The store's own keys as the file has them, such as `bucket`.
        package var settings: [String: String]

        package init(_ store: StoreName, _ settings: [String: String]) {
            self.store = store
            self.settings = settings
        }

        /// A folder, relative to that of the file.
        package static func folder(_ path: String) -> StateSettings {
            StateSettings(.file, ["path": path])
        }

        /// Where the record is kept unless the file says otherwise.
        package static let standard = StateSettings.folder(".preview")
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
    /// Where its value is.
    package var source: Source

    /// A secret of that name.
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
