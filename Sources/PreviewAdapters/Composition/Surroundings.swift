package import PreviewCore
package import PreviewSystem

/// What the process was started with: the only place that reads the environment.
package struct Surroundings: Sendable {
    /// Every variable, empty ones included; ``value(_:)`` is what most questions mean.
    package var environment: [String: String]
    /// Absolute; relative paths of flags and variables start from it.
    package var workingDirectory: String
    /// The running program's file, to start supervisors from.
    package var executable: String
    /// Absolute: from `HOME`, else from the list of users; `nil` where neither names one.
    package var home: String?
    /// Name of the user, written into records and locks.
    package var user: String
    /// Name of this machine, by which `local` previews are told from another machine's.
    package var host: String
    /// Told of every HTTP exchange with a provider or a repository's host (BEHAVIOURS P11).
    package var trace: HTTPClient.Trace?
    /// Told of every call of git, as far as it is not a supervisor's.
    package var gitTrace: GitCall.Trace?

    package init(
        environment: [String: String], workingDirectory: String, executable: String,
        home: String?, user: String, host: String
    ) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.executable = executable
        self.home = home
        self.user = user
        self.host = host
    }

    /// Those of this process.
    package static func ofThisProcess() throws -> Surroundings {
        guard let directory = Host.workingDirectory, let executable = Host.executable else {
            throw Failure(
                .internalError, "the working directory is gone",
                fix: "change to a folder that exists")
        }
        let environment = Host.environment
        return Surroundings(
            environment: environment, workingDirectory: directory, executable: executable,
            home: environment["HOME"] ?? Host.homeFolder, user: Host.userName, host: Host.name)
    }

    /// A variable that is set and not empty.
    package func value(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    /// The same without a variable.
    func without(_ name: String) -> Surroundings {
        var surroundings = self
        surroundings.environment[name] = nil
        return surroundings
    }

    /// Whether a variable stands for yes: set to anything but `0`, `false`, `no` or nothing.
    package func isSet(_ name: String) -> Bool {
        guard let value = value(name)?.lowercased() else { return false }
        return !["0", "false", "no"].contains(value)
    }

    /// An absolute path, from one that may be relative to the working directory.
    package func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }
}

/// What the flags choose to work on; `nil` leaves it to the environment, the file and the defaults.
package struct Choices: Sendable {
    /// `-f`: the path of the configuration.
    package var file: String?
    /// `-C`: the folder to work as if started in.
    package var directory: String?
    /// `--branch`: a name, or `current` for the checked-out one.
    package var branch: String?
    /// `--provider` or `--local`; not checked yet.
    package var provider: String?
    /// `--region`; not checked yet.
    package var region: String?
    /// `--state`: the folder of the records.
    package var state: String?
    /// `--env-file`: where values of secrets are, in place of the `.env` beside the file.
    package var envFile: String?
    /// A named user of the server, whose previews are apart from everybody else's; `nil` for this
    /// user (SPEC section 2).
    package var user: String?
    /// What a call of the server puts in the place of the file's project and repository.
    package var target: Target?

    /// A project and its repository, as a call of the server names them.
    package struct Target: Hashable, Sendable {
        /// What the project is called, as templates and the API say it.
        package var project: String
        /// `nil` leaves the file's.
        package var repository: RepositoryReference?

        package init(project: String, repository: RepositoryReference?) {
            self.project = project
            self.repository = repository
        }
    }

    package init(
        file: String? = nil, directory: String? = nil, branch: String? = nil,
        provider: String? = nil, region: String? = nil, state: String? = nil,
        envFile: String? = nil, user: String? = nil, target: Target? = nil
    ) {
        self.file = file
        self.directory = directory
        self.branch = branch
        self.provider = provider
        self.region = region
        self.state = state
        self.envFile = envFile
        self.user = user
        self.target = target
    }
}
