/// Step 1: finds the commit and recognises the project. It only ever reads.
package struct DetectRepository: Step {
    package let id = StepID.repository
    package let title = "Repository Detection"
    package let summary = "Detecting and validating the repository"
    package let subActions = [
        "verify the repository exists and is accessible",
        "validate the branch, resolve it to a commit",
        "detect project type and dependencies",
        "identify install, build and start commands",
    ]
    package let failureDescription = "Failed to detect and validate repository"
    package let completion = Event.Kind.repositoryDetected

    package init() {}

    /// Which commit of which preview; nothing that only this machine knows.
    package struct Input: Codable, Hashable, Sendable {
        /// Digest of address, branch, path and user; the address itself may be a path of this machine.
        package var source: String
        /// The branch's name, never `current`.
        package var branch: String
        /// The folder of the app in the repository; empty for its top.
        package var path: String
        /// `nil` while the branch could not be looked up; the step then looks itself.
        package var commit: String?
        /// First line of the commit's message, shown and never compared.
        package var subject: String?
    }

    /// What was found.
    package typealias Output = DetectedRepository

    package func input(in context: PlanContext) -> Wish<Input> {
        let head = context.facts.head
        let recorded = context.output(of: self)
        let commit = head?.commit ?? recorded?.commit
        return Wish(
            Input(
                source: context.state.source, branch: head?.branch ?? context.state.branch,
                path: context.config.path, commit: commit,
                subject: head?.subject ?? (commit == recorded?.commit ? recorded?.subject : nil)),
            unknown: commit == nil ? ["commit": id] : [:])
    }

    /// The first line of the message belongs to the commit and is no change by itself.
    package func action(from recorded: Input, to wanted: Input) -> Action {
        var named = recorded
        named.subject = wanted.subject
        return named == wanted ? .none : .update
    }

    /// Where the branch could not be looked up beforehand, the step itself found the commit.
    package func settled(_ input: Input, by output: Output) -> Input {
        var input = input
        input.branch = output.branchName
        input.commit = output.commit
        input.subject = output.subject
        return input
    }

    package func fields(of input: Input) -> [Field] {
        [
            Field("branch", .string(input.branch), cause: "another branch"),
            Field("path", input.path.isEmpty ? .null : .string(input.path), cause: "another path"),
            Field("commit", JSONValue(input.commit), cause: "new commit"),
        ]
    }

    package func run(_ input: Input, _ run: StepRun<Output>) async throws -> Output {
        do {
            return try await detect(input, run)
        } catch let failure as Failure {
            // It only reads, so whatever failed, nothing has happened.
            throw Rejection(failure)
        }
    }

    private func detect(_ input: Input, _ run: StepRun<Output>) async throws -> Output {
        let source = run.world.source
        let head: Head
        if let seen = run.facts.head, seen.commit == input.commit {
            head = seen
        } else {
            head = try await source.head(of: run.config.repository, branch: run.config.branch)
        }
        let detection = try await source.detect(
            head, of: run.config.repository, path: input.path)
        return DetectedRepository(
            detection, head: head, identity: run.identity,
            description: "Repository detected and validated successfully")
    }

    package func successDescription(of output: Output) -> String { output.description }

    package func findings(in output: Output) -> [String] {
        let subject = output.subject.map { " \"\($0)\"" } ?? ""
        let type = [output.framework ?? output.projectType, output.packageManager]
            .compactMap { $0 }.joined(separator: ", ")
        var lines = [
            "Repository: \(output.repositoryName) (\(output.repositoryUrl))",
            "Branch: \(output.branchName) at \(output.commit.prefix(7))\(subject)",
            "Type: \(type)",
        ]
        let scripts = output.packageInfo.scripts
        if !scripts.isEmpty { lines.append("Scripts: \(scripts.joined(separator: ", "))") }
        let commands = [
            ("Install", output.commands.install), ("Build", output.commands.build),
            ("Start", output.commands.start),
        ]
        lines += commands.compactMap { name, command in command.map { "\(name): \($0)" } }
        if let root = output.staticRoot { lines.append("Serve: the files in \(root)") }
        return lines
    }

    package func undo(_ output: Output, in world: World) async throws {}
}
