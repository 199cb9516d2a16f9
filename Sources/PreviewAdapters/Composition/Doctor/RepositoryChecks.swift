import PreviewCore
import PreviewSystem

/// git, the repository, and what its commands need of this machine.
struct RepositoryChecks: Sendable {
    private let patient: Patient
    private let head: Shared<Head>?

    /// Settings of a call by the environment, with which git gets tokens, are known from here on
    /// (git-config(1), `GIT_CONFIG_COUNT`).
    private static let oldestGit = "2.31"
    /// How long a program may take to tell its version.
    private static let versionPatience = Duration.seconds(10)

    init(_ patient: Patient) {
        self.patient = patient
        guard case .success(let workspace) = patient.workspace else {
            head = nil
            return
        }
        head = Shared("the repository", within: .seconds(50)) {
            try await workspace.world(reporter: Silence()).source.head(
                of: workspace.config.repository, branch: workspace.config.branch)
        }
    }

    /// Whether git is there, and new enough.
    func git() async throws -> [Finding] {
        let folder = patient.surroundings.workingDirectory
        let program = try patient.surroundings.git(baseFolder: folder).program
        let version = try await version(of: program, ["--version"])
        let words = "git \(version ?? "of an unknown version") (\(program))"
        guard let version, ToolVersion.isOlder(version, than: Self.oldestGit) else {
            return [.ok(words)]
        }
        return [
            .warning(
                "\(words) is older than \(Self.oldestGit), which tokens need", code: .gitFailed,
                fix: "install a newer git")
        ]
    }

    /// Whether the branch can be read.
    func branch() async throws -> [Finding] {
        guard case .success(let workspace) = patient.workspace, let head else {
            return [.needsFile]
        }
        let found = try await head.value
        return [
            .ok(
                "\(workspace.identity.repositoryName) @ \(found.branch) is at "
                    + "\(found.commit.prefix(7)), read from \(found.fetchURL)")
        ]
    }

    /// Whether the programs are here that the project's commands call on this machine.
    func tools() async throws -> [Finding] {
        guard case .success(let workspace) = patient.workspace, let head else {
            return [.needsFile]
        }
        guard patient.provider == .local else {
            return [.skipped("the machine's image brings them")]
        }
        // Its own check says why it cannot be read.
        guard let found = try? await head.value else {
            return [.skipped("the repository cannot be read")]
        }
        let detection = try await workspace.world(reporter: Silence()).source.detect(
            found, of: workspace.config.repository, path: workspace.config.path)
        let tools = RequiredTool.all(
            in: Self.lines(workspace.config.run, detection), runtime: detection.runtime)
        guard !tools.isEmpty else {
            return [.ok("the project's commands need none of this machine")]
        }
        var findings: [Finding] = []
        for tool in tools { findings.append(try await look(for: tool, detection.runtime)) }
        return findings
    }

    /// The commands that step 4 would run.
    private static func lines(
        _ overrides: Config.RunOverrides, _ detection: Detection
    ) -> [String] {
        let found = detection.commands
        let start = overrides.mode == .dev ? found.dev ?? found.start : found.start
        return [
            overrides.install ?? found.install, overrides.build ?? found.build,
            overrides.start ?? start,
        ].compactMap(\.self)
    }

    private func look(
        for tool: RequiredTool, _ runtime: Detection.Runtime?
    ) async throws -> Finding {
        let path = patient.surroundings.value("PATH") ?? ""
        guard let program = Command.locate(tool.name, in: path) else {
            return .failed(
                Failure(
                    .commandNotFound, "there is no `\(tool.name)` on this machine's PATH",
                    evidence: tool.wanted.map {
                        [.init("wanted", "\($0) by \(runtime?.source ?? "the project")")]
                    } ?? [],
                    fix: "install \(tool.name), or name other commands under `run:`"))
        }
        let version = try await version(of: program, tool.versionArguments)
        let words = "\(tool.name) \(version ?? "of an unknown version") (\(program))"
        guard let wanted = tool.wanted else { return .ok(words) }
        guard let version, ToolVersion.isOlder(version, than: wanted) else {
            return .ok("\(words), \(wanted) is asked for")
        }
        return .warning(
            "\(words) is older than the \(wanted) that \(runtime?.source ?? "the project") asks for",
            fix: "install \(tool.name) \(wanted)")
    }

    /// What a program says of its version; `nil` where it says nothing of use.
    private func version(of program: String, _ arguments: [String]) async throws -> String? {
        let command = Command(
            program, arguments,
            environment: AppEnvironment.base(of: patient.surroundings.environment),
            directory: patient.surroundings.value("TMPDIR") ?? "/tmp")
        do throws(ProcessFailure) {
            let result = try await command.run(timeout: Self.versionPatience)
            return ToolVersion.first(in: result.outputText + "\n" + result.errorText)
        } catch {
            // It is there, which is what was asked; only an interruption is no answer.
            if error == .cancelled { throw CancellationError() }
            return nil
        }
    }
}
