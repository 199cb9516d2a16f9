/// The result of step 1 (SPEC section 1): where the code is and how it is run.
package struct DetectedRepository: Codable, Hashable, Sendable {
    /// `owner/name`, or the folder's name.
    package var repositoryName: String
    /// The address as people open it, or the path of a local folder; never with credentials.
    package var repositoryUrl: String
    /// The branch's name, never `current`.
    package var branchName: String
    /// Full commit, or the content digest of a plain folder.
    package var commit: String
    /// First line of the commit's message, where it is known.
    package var subject: String?
    /// What people read where no type was recognised.
    package static let unknownType = "unknown"

    /// Id of the catalogue, or ``unknownType``.
    package var projectType: String
    /// The framework's name for people; `nil` for bare runtimes.
    package var framework: String?
    /// Lower case, such as `typescript`; `nil` where the files do not tell.
    package var language: String?
    /// The tool that installs; `nil` where there is nothing to install.
    package var packageManager: String?
    /// What runs it; `nil` for static sites and where no language was recognised.
    package var runtime: Runtime?
    /// What `package.json` tells, empty for projects without one.
    package var packageInfo: PackageInfo
    /// As detected; what `run` overrides comes with step 4.
    package var commands: Commands
    /// Where it is said to listen if it ignores `PORT`; `nil` where nothing is certain.
    package var port: Int?
    /// Where a build leaves its files, relative to the app's folder.
    package var outputDirectory: String?
    /// The folder to serve where the project is a static site, relative to its path.
    package var staticRoot: String?
    /// Why it was taken for what it is.
    package var evidence: [Evidence]
    /// What a person should know or decide, a sentence each.
    package var warnings: [String]
    /// Variables that `.env.example` names.
    package var requiredVariables: [String]
    /// What the commands need in their environment, such as `MIX_ENV`; `env` may override it.
    package var environment: [String: String]
    package var description: String
    /// What git is given to fetch the commit from.
    package var fetchUrl: String

    /// The program that runs the project, and where its version is written.
    package struct Runtime: Codable, Hashable, Sendable {
        /// Such as `node` or `python`.
        package var name: String
        /// A version or range as the project writes it; `nil` when it pins none.
        package var version: String?
        /// Where the version is written, such as `package.json engines`.
        package var source: String?
    }

    /// What is told of `package.json`.
    package struct PackageInfo: Codable, Hashable, Sendable {
        /// Names in file order, never the whole manifest.
        package var scripts: [String]
    }

    /// Shell lines, run in the folder of the application.
    package struct Commands: Codable, Hashable, Sendable {
        /// Fetches dependencies; `nil` where there is nothing to install.
        package var install: String?
        /// Makes what is started or served; `nil` where nothing has to be built.
        package var build: String?
        /// Starts the app for visitors; `nil` for a static site and where nothing is known.
        package var start: String?
        /// Starts the app for development.
        package var dev: String?
    }

    /// A file of the repository and what it speaks for.
    package struct Evidence: Codable, Hashable, Sendable {
        /// Its path in the repository.
        package var file: String
        /// Why it speaks for the value, such as `dependency next`.
        package var reason: String
    }
}

extension DetectedRepository {
    /// Puts together what detection found and where.
    package init(
        _ detection: Detection, head: Head, identity: PreviewIdentity, description: String
    ) {
        self.init(
            repositoryName: identity.repositoryName, repositoryUrl: identity.repository,
            branchName: head.branch, commit: head.commit, subject: head.subject,
            projectType: detection.projectType ?? Self.unknownType, framework: detection.framework,
            language: detection.language, packageManager: detection.packageManager,
            runtime: detection.runtime.map {
                Runtime(name: $0.name, version: $0.version, source: $0.source)
            },
            packageInfo: PackageInfo(scripts: detection.scripts),
            commands: Commands(
                install: detection.commands.install, build: detection.commands.build,
                start: detection.commands.start, dev: detection.commands.dev),
            port: detection.port, outputDirectory: detection.outputDirectory,
            staticRoot: detection.isStatic ? detection.outputDirectory : nil,
            evidence: detection.evidence.map { Evidence(file: $0.file, reason: $0.reason) },
            warnings: detection.warnings, requiredVariables: detection.requiredVariables,
            environment: detection.environment, description: description, fetchUrl: head.fetchURL)
    }
}

// By hand, because fields of the contract are `null` and never absent where nothing is known.
extension DetectedRepository {
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(repositoryName, forKey: .repositoryName)
        try fields.encode(repositoryUrl, forKey: .repositoryUrl)
        try fields.encode(branchName, forKey: .branchName)
        try fields.encode(commit, forKey: .commit)
        try fields.encode(subject, forKey: .subject)
        try fields.encode(projectType, forKey: .projectType)
        try fields.encode(framework, forKey: .framework)
        try fields.encode(language, forKey: .language)
        try fields.encode(packageManager, forKey: .packageManager)
        try fields.encode(runtime, forKey: .runtime)
        try fields.encode(packageInfo, forKey: .packageInfo)
        try fields.encode(commands, forKey: .commands)
        try fields.encode(port, forKey: .port)
        try fields.encode(outputDirectory, forKey: .outputDirectory)
        try fields.encode(staticRoot, forKey: .staticRoot)
        try fields.encode(evidence, forKey: .evidence)
        try fields.encode(warnings, forKey: .warnings)
        try fields.encode(requiredVariables, forKey: .requiredVariables)
        try fields.encode(environment, forKey: .environment)
        try fields.encode(description, forKey: .description)
        try fields.encode(fetchUrl, forKey: .fetchUrl)
    }
}

extension DetectedRepository.Runtime {
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(version, forKey: .version)
        try fields.encode(source, forKey: .source)
    }
}

extension DetectedRepository.Commands {
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(install, forKey: .install)
        try fields.encode(build, forKey: .build)
        try fields.encode(start, forKey: .start)
        try fields.encode(dev, forKey: .dev)
    }
}
