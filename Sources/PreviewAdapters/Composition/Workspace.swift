package import PreviewCore
import PreviewSystem

/// Everything a command about one configured preview needs, put together from the file, the flags
/// and the environment.
package struct Workspace: Sendable {
    /// What the command was started with.
    package let surroundings: Surroundings
    /// The configuration's file, as it was read.
    package let file: ConfigFile
    /// What the file asks for, with flags and variables laid over it.
    package let config: Config
    /// Digest of the file's bytes and of what the flags and variables made of them.
    package let configDigest: String
    /// Which preview it is: name, source, user and branch.
    package let identity: PreviewIdentity
    /// Where the record is kept.
    package let records: Records
    /// The absolute folder that is previewed as it is, where it is no git repository.
    package let plainFolder: String?
    /// Where each value that a flag or variable may set came from, for `plan -v`.
    package let origins: [ValueOrigin]
    /// Secrets and tokens that must never be shown.
    package let redactor: Redactor
    /// Reads the repository, by git.
    package let git: GitRepository
    private let secrets: LocalSecretSource

    /// Reads the configuration and works out which preview it is about. Makes nothing.
    ///
    /// - Throws: `ConfigProblems`, or ``Failure`` when there is no file or the branch `current`
    ///   cannot be told.
    package static func open(
        _ choices: Choices, in surroundings: Surroundings
    ) async throws -> Workspace {
        try await Workspace(
            file: ConfigFile.require(choices, in: surroundings), choices: choices,
            surroundings: surroundings)
    }

    private init(file: ConfigFile, choices: Choices, surroundings: Surroundings) async throws {
        var config = try ConfigParser(
            file: file.shownPath, folder: file.folder, home: surroundings.home,
            environment: { surroundings.environment[$0] }
        ).parse(file.bytes)
        let overrides = Overrides(choices: choices, surroundings: surroundings)
        origins = try overrides.apply(to: &config)
        git = surroundings.git(
            baseFolder: file.folder, isMachineElsewhere: config.provider != .local)
        plainFolder = Self.plainFolder(
            of: config.repository.folder(relativeTo: file.folder, home: surroundings.home))
        identity = try await Self.identity(
            &config, user: choices.user, folder: file.folder, source: git,
            surroundings: surroundings)
        records = try StoreCatalog(choices, surroundings).records(
            of: config.state, key: config.stateKey, folder: file.folder)
        let dotenv = try Self.dotenv(choices, folder: file.folder, surroundings)
        secrets = LocalSecretSource(
            environment: surroundings.environment, dotenv: dotenv, base: file.folder,
            home: surroundings.home)
        redactor = Redactor(
            Tokens(surroundings).all + records.hidden
                + config.secrets.compactMap { [secrets] reference in
                    // One that cannot be read cannot be shown either; its step reports it.
                    try? secrets.value(of: reference)
                })
        var hasher = SHA256Hasher()
        hasher.update(file.bytes)
        for origin in origins { hasher.update(Array("\n\(origin.name)=\(origin.value)".utf8)) }
        configDigest = Digest.hexadecimal(hasher.finish())
        self.file = file
        self.config = config
        self.surroundings = surroundings
    }

    /// The folder this preview's record is kept in by its store's name for it.
    package var folder: String { identity.folder }

    /// The world a run acts in; `remark` takes what goes on otherwise than it should, which by default
    /// is reported as a warning.
    package func world(
        reporter: any Reporter, remark: (@Sendable (Failure) -> Void)? = nil
    ) throws -> World {
        World(
            provider: ProviderCatalog.make(
                config.provider,
                .init(
                    data: records.data, surroundings: surroundings, source: git, redactor: redactor,
                    retries: config.retries)),
            source: try surroundings.source(git, remark: remark ?? reporter.warn),
            secrets: secrets, reporter: reporter, now: Clocks.now,
            uptime: { Host.uptime }, random: Moment.randomBytes)
    }

    /// Refuses where the provider has not been configured on this machine: for the server, which
    /// opens no session that could not go on.
    package func requireProvider() throws {
        try ProviderCatalog.check(config.provider, surroundings, retries: config.retries)
    }

    private static func identity(
        _ config: inout Config, user: String?, folder: String, source: GitRepository,
        surroundings: Surroundings
    ) async throws -> PreviewIdentity {
        let repository = config.repository
        // This user's own name is no other user's: the page and the command line share theirs.
        let user = user == surroundings.user ? nil : user
        let local = repository.folder(relativeTo: folder, home: surroundings.home)
        let origin = local == nil ? nil : try await source.origin(of: repository)
        let branch: String =
            switch config.branch {
            case .named(let name): name
            case .current: try await source.head(of: repository, branch: .current).branch
            }
        if !config.isNameGiven, let name = origin?.remote?.name { config.name = name }
        let digest = SourceDigest(
            repository: repository.identity(of: local, origin: origin), branch: branch,
            path: config.path, user: user)
        let remote = repository.remote ?? origin?.remote
        return PreviewIdentity(
            folder: AppName.candidate(config.name, digest).description,
            otherNames: (1...4).map { [name = config.name] number in
                AppName.candidate(name, digest, number: number).description
            },
            source: digest.hex, user: user ?? surroundings.user, host: surroundings.host,
            repository: remote?.url ?? local ?? repository.text,
            repositoryName: remote?.repositoryName ?? repository.name(of: local), branch: branch)
    }

    private static func plainFolder(of local: String?) -> String? {
        // What cannot be looked at is step 1's to report.
        guard let local, case .plainFolder(let folder)? = try? GitRepository.place(atFolder: local)
        else { return nil }
        return Host.resolved(folder)
    }

    private static func dotenv(
        _ choices: Choices, folder: String, _ surroundings: Surroundings
    ) throws -> [String: String] {
        let path = choices.envFile.map(surroundings.absolute) ?? "\(folder)/.env"
        guard let bytes = try TextFile.read(path) else {
            guard let named = choices.envFile else { return [:] }
            throw Failure(
                .environmentFile, .usage, "there is no file \(named)",
                fix: "check the path after --env-file")
        }
        do throws(DotenvFile.Problem) {
            return try DotenvFile.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Failure(
                .environmentFile, .invalidConfig, "\(path):\(error.line): \(error.message)",
                fix: "write NAME=value, one a line")
        }
    }
}

/// Where a value came from (BEHAVIOURS U1).
package struct ValueOrigin: Hashable, Sendable {
    /// The key of the configuration that it is the value of, such as `branch`.
    package var name: String
    /// The value as it is used.
    package var value: String
    /// Such as `--branch`, `PREVIEW_BRANCH` or `preview.yaml`.
    package var origin: String
}

/// Tokens that the environment may hold. Values are used for their own host only.
package struct Tokens: Sendable {
    /// For github.com, or the server that `GITHUB_SERVER_URL` names.
    package let gitHub: GitToken?
    /// Every value, for keeping them out of sight.
    package let all: [String]

    /// The variables that hold tokens; no hook and no app gets them.
    package static let names = [
        "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ACCESS_TOKEN", "FLY_API_TOKEN", "FLY_ACCESS_TOKEN",
        "FLY_IO_TOKEN", "NEXT_FLY_IO_TOKEN", "PREVIEW_SERVE_TOKEN", "PREVIEW_STATE_KEY",
        HTTPStore.passwordVariable,
    ]

    /// The host that GitHub's token is for unless `GITHUB_SERVER_URL` names another.
    static let publicGitHub = "github.com"

    /// Picks the tokens out of the variables; one that is empty counts as not set.
    package init(_ surroundings: Surroundings) {
        // An address of another form names no host, so that no host gets the token.
        let server = surroundings.value("GITHUB_SERVER_URL")
            .map { (try? RepositoryReference.parse($0 + "/owner/name"))?.remote?.host ?? "" }
        gitHub =
            ["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ACCESS_TOKEN"].lazy.compactMap { name in
                surroundings.value(name).map { value in
                    GitToken(host: server ?? Self.publicGitHub, value: value, variable: name)
                }
            }.first
        all = Self.names.compactMap(surroundings.value)
    }
}

/// Wall time of this machine.
package enum Clocks {
    /// Now, cut to the second.
    package static let now: @Sendable () -> Timestamp = {
        Timestamp(seconds: Int(Moment.unixMilliseconds / 1000))
    }
}

/// A file of the user, read whole.
package enum TextFile {
    /// The bytes, or `nil` where there is no file; at most 1 MiB.
    package static func read(_ path: String) throws -> [UInt8]? {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return nil }
        return try translating {
            do throws(FileFailure) {
                return try Folder.open(
                    "/" + parts.dropLast().joined(separator: "/"), ownedBy: .any
                ).read(String(name), limit: 1 << 20)
            } catch {
                guard error.cause == .notFound else { throw error }
                return nil
            }
        }
    }
}
