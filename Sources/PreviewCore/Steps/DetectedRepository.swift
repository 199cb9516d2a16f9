/// The result of step 1 (SPEC section 1): where the code is and how it is run.
package struct DetectedRepository: Codable, Hashable, Sendable {
    package var repositoryName: String
    package var repositoryUrl: String
    package var branchName: String
    package var commit: String
    /// First line of the commit's message, where it is known.
    package var subject: String?
    /// Id of the catalogue, or `unknown`.
    package var projectType: String
    package var framework: String?
    package var language: String?
    package var packageManager: String?
    package var runtime: Runtime?
    package var packageInfo: PackageInfo
    package var commands: Commands
    package var port: Int?
    package var outputDirectory: String?
    /// The folder to serve where the project is a static site, relative to its path.
    package var staticRoot: String?
    package var evidence: [Evidence]
    package var warnings: [String]
    /// Variables that `.env.example` names.
    package var requiredVariables: [String]
    /// What the commands need in their environment, such as `MIX_ENV`; `env` may override it.
    package var environment: [String: String]
    package var description: String
    /// What git is given to fetch the commit from.
    package var fetchUrl: String

    package struct Runtime: Codable, Hashable, Sendable {
        package var name: String
        package var version: String?
        package var source: String?
    }

    package struct PackageInfo: Codable, Hashable, Sendable {
        /// Names in file order, never the whole manifest.
        package var scripts: [String]
    }

    package struct Commands: Codable, Hashable, Sendable {
        package var install: String?
        package var build: String?
        package var start: String?
        package var dev: String?
    }

    package struct Evidence: Codable, Hashable, Sendable {
        package var file: String
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
            projectType: detection.projectType ?? "unknown", framework: detection.framework,
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
