/// Every key that holds a value: what it may be, its default and what it is for.
enum Keys {
    static let version = TypedKey(
        "version",
        .whole(oneOf: [1]),
        default: 1,
        "The version of this file's format."
    )
    static let name = TypedKey(
        "name",
        .projectName,
        "The project, and the first part of the app's name; default: the last part of `repo`."
    )
    static let repo = TypedKey(
        "repo",
        ConfigRule<RepositoryReference>.repository,
        isRequired: true,
        "The repository to show: an address, `owner/name` at GitHub, or `.` for this checkout."
    )
    static let branch = TypedKey(
        "branch",
        .branch,
        default: "main",
        "The branch to show; `current` is the one that is checked out."
    )
    static let path = TypedKey(
        "path",
        .subfolder,
        "The folder of the app, in a repository that holds several."
    )
    static let provider = TypedKey(
        "provider",
        ConfigRule<ProviderName>.choice,
        default: "fly",
        "Whom to ask for a machine: `local` is this one, `fly` is Fly.io."
    )
    static let region = TypedKey(
        "region",
        .region,
        default: .string(Region.default.code),
        "Where the machine stands; of a list, the first region that has room."
    )
    static let environmentValue = TypedKey(
        "env.NAME",
        .environmentValue,
        "A variable of the app and its value."
    )

    enum Resources {
        static let size = TypedKey(
            "resources.size",
            .size,
            default: .string(MachineSize.default.name),
            "A preset: kind and number of CPUs, with the least memory that goes with them."
        )
        static let cpu = TypedKey(
            "resources.cpu",
            .whole(oneOf: MachineSize.Kind.performance.cpus),
            "The number of CPUs, in place of the preset's."
        )
        static let memory = TypedKey(
            "resources.memory",
            .memory,
            "Memory in MB, or such as 512mb or 1gb."
        )
    }

    enum Secrets {
        static let name = TypedKey(
            "secrets[].name",
            .variableName,
            isRequired: true,
            "The variable that the app sees; a name alone in the list is this."
        )
        static let from = TypedKey(
            "secrets[].from",
            .secretSource,
            "Where the value comes from; default: the variable of the same name."
        )
    }

    enum Run {
        static let install = TypedKey(
            "run.install",
            .commandOrNothing,
            "The shell line that installs the dependencies."
        )
        static let build = TypedKey(
            "run.build",
            .commandOrNothing,
            "The shell line that builds the app."
        )
        static let start = TypedKey(
            "run.start",
            .command,
            "The shell line that starts the server."
        )
        static let port = TypedKey(
            "run.port",
            .whole(1...65535),
            "The port that the app listens on."
        )
        static let mode = TypedKey(
            "run.mode",
            ConfigRule<Config.Mode>.choice,
            default: "production",
            "Which command starts the app: `dev` is the development server."
        )
        static let image = TypedKey(
            "run.image",
            .image,
            "The base image on `fly`; default: chosen from the runtime that was found."
        )
    }

    enum Health {
        static let path = TypedKey(
            "health.path",
            .urlPath,
            default: "/",
            "The path whose answer proves that it runs."
        )
        static let timeout = TypedKey(
            "health.timeout",
            .duration(),
            default: "120s",
            "How long it may take until the app answers, once it listens."
        )
    }

    enum Lifecycle {
        static let autoStart = TypedKey(
            "lifecycle.auto_start",
            .flag,
            default: true,
            "Whether a stopped app starts on the next request."
        )
        static let idleTimeout = TypedKey(
            "lifecycle.idle_timeout",
            .durationOrNever,
            default: "1h",
            "After how long without traffic the app is stopped."
        )
        static let ttl = TypedKey(
            "lifecycle.ttl",
            .durationOrNever,
            default: "72h",
            "The age after which `preview prune` destroys it."
        )
    }

    enum Timeouts {
        static let clone = TypedKey(
            "timeouts.clone",
            .duration(),
            default: "2m",
            "Fetching the commit."
        )
        static let install = TypedKey(
            "timeouts.install",
            .duration(),
            default: "10m",
            "Installing the dependencies."
        )
        static let build = TypedKey(
            "timeouts.build",
            .duration(),
            default: "15m",
            "Building the app."
        )
        static let start = TypedKey(
            "timeouts.start",
            .duration(),
            default: "2m",
            "From the start until the app listens."
        )
    }

    enum Retries {
        static let attempts = TypedKey(
            "retries.attempts",
            .whole(1...20),
            default: 3,
            "How often such a call is tried."
        )
        static let backoff = TypedKey(
            "retries.backoff",
            .duration(mayBeZero: true),
            default: "1s",
            "The pause before the second try; it grows with every further one."
        )
    }

    enum Hooks {
        static let onComplete = TypedKey(
            "hooks.on_complete",
            .command,
            "The shell line run when all steps are completed."
        )
        static let onError = TypedKey(
            "hooks.on_error",
            .command,
            "The shell line run when a step has failed."
        )
    }

    enum Words {
        static let title = TypedKey("steps.N.title", .title, "The step's title.")
        static let description = TypedKey(
            "steps.N.description",
            .description,
            "What the step does, in a sentence."
        )
    }

    enum Limits {
        static let maxPreviews = TypedKey(
            "limits.max_previews",
            .whole(1...100_000),
            "How many previews may be recorded at once; default: any number."
        )
        static let maxMonthlyCost = TypedKey(
            "limits.max_monthly_cost",
            .amount,
            "USD a month for all recorded previews as if never idle; default: any amount."
        )
    }

    enum State {
        static let store = TypedKey(
            "state.store",
            ConfigRule<Config.StoreName>.choice,
            default: "file",
            "Where: a folder, an S3 bucket, an HTTP server or a Postgres database."
        )
        static let path = TypedKey(
            "state.path",
            .filePath,
            default: ".preview",
            "`file`: the folder, beside this file."
        )
        static let bucket = TypedKey("state.bucket", .bucket, "`s3`: the bucket; required there.")
        static let prefix = TypedKey(
            "state.prefix",
            .keyPrefix,
            default: "",
            "`s3`: what every key begins with."
        )
        static let region = TypedKey("state.region", .storeRegion, "`s3`: the bucket's region.")
        static let endpoint = TypedKey(
            "state.endpoint",
            .webAddress,
            "`s3`: the server, where it is not Amazon's."
        )
        static let pathStyle = TypedKey(
            "state.path_style",
            .flag,
            default: false,
            "`s3`: whether the bucket stands in the path and not in the host's name."
        )
        static let encryption = TypedKey(
            "state.encryption",
            .choice(["AES256", "aws:kms"]),
            "`s3`: how the server encrypts the objects."
        )
        static let address = TypedKey(
            "state.address",
            .recordAddress,
            "`http`: the record's address; required there."
        )
        static let lockAddress = TypedKey(
            "state.lock_address",
            .webAddress,
            "`http`: the lock's; default: the record's."
        )
        static let unlockAddress = TypedKey(
            "state.unlock_address",
            .webAddress,
            "`http`: the unlocking; default: the lock's."
        )
        static let username = TypedKey(
            "state.username",
            .userName,
            "`http`: the user; the password comes from PREVIEW_HTTP_PASSWORD."
        )
        static let url = TypedKey(
            "state.url",
            .databaseAddress,
            "`postgres`: the database's address; required there."
        )
        static let schema = TypedKey(
            "state.schema",
            .databaseSchema,
            default: "public",
            "`postgres`: the schema."
        )
        static let encryptKey = TypedKey(
            "state.encrypt.key",
            .secretSource,
            isRequired: true,
            "Where the key comes from."
        )
    }
}
