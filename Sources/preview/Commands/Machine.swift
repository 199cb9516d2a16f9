import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct StartCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a stopped preview; nothing is installed or built again.",
        discussion: """
            Examples:
              preview start
              preview start shop-4f1c9a2e
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        try await MachineVerb(command: "start", preview: named.preview).run(context) {
            world, preview in
            try await preview.start(in: world)
            return "Started \(preview.state.app): \(try preview.machine().url)"
        }
    }
}

struct StopCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a running preview; its machine stays.",
        discussion: """
            Examples:
              preview stop
              preview stop shop-4f1c9a2e
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        try await MachineVerb(command: "stop", preview: named.preview).run(context) {
            world, preview in
            try await preview.stop(in: world)
            return "Stopped \(preview.state.app). `preview start` starts it again."
        }
    }
}

struct RestartCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop and start a preview.",
        discussion: """
            Examples:
              preview restart
              preview restart shop-4f1c9a2e
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        try await MachineVerb(command: "restart", preview: named.preview).run(context) {
            world, preview in
            try await preview.restart(in: world)
            return "Restarted \(preview.state.app): \(try preview.machine().url)"
        }
    }
}

/// A command that does one thing to a machine, as a run under the lock.
private struct MachineVerb {
    let command: String
    let preview: String?

    func run(
        _ context: CommandContext,
        _ act: @escaping @Sendable (World, RecordedPreview) async throws -> String
    ) async throws {
        let preview = try await RecordedPreview.find(
            preview, context.choices, in: context.surroundings)
        try await preview.change(
            in: context.recordedRun(
                command, of: preview.folder, in: preview.records.data, redactor: preview.redactor),
            lockTimeout: context.lockTimeout,
            { world in try await act(world, preview) },
            ending: { done in
                if !context.isJSON { context.result(done) }
            })
    }
}

struct ExecCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command beside the app, with its environment.",
        discussion: """
            The exit code is that of the command. Where its output goes to a file or a
            pipe, known secret values and tokens in it are replaced by ***. A terminal is
            passed through: what the command prints there is shown unchanged.

            Examples:
              preview exec -- npm test
              preview exec -- sh
              preview exec --app shop-4f1c9a2e -- env
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "App name or session id; default: that of preview.yaml.")
    var app: String?

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("write the command after --, for example: preview exec -- env")
        }
    }

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            app, context.choices, in: context.surroundings)
        let world = try preview.world(reporter: Silence())
        let status = try await world.provider.execute(
            command, on: try preview.machine(), secrets: try preview.secretValues(in: world))
        guard status == 0 else { throw ExitCode(status) }
    }
}

struct URLCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "url",
        abstract: "Print the URL.",
        discussion: """
            Examples:
              preview url
              curl "$(preview url)"
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            named.preview, context.choices, in: context.surroundings)
        let url = try preview.machine().url
        if context.isJSON { context.result(["url": .string(url)]) } else { context.result(url) }
    }
}

struct OpenCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Open the preview in the browser.",
        discussion: """
            Without a browser the URL is printed.

            Examples:
              preview open
              preview open /products/7
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The page to open, such as /products/7.")
    var path: String?

    @Option(help: "App name or session id; default: that of preview.yaml.")
    var app: String?

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            app, context.choices, in: context.surroundings)
        var url = try preview.machine().url
        if let path { url += path.hasPrefix("/") ? path : "/\(path)" }
        context.result(url)
        if try await Browser.open(url, in: context.surroundings) == false {
            context.note("Warning: the browser could not open it.")
        }
    }
}

struct CancelCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Mark the session cancelled; nothing else runs until apply.",
        discussion: """
            Needs no lock: a running command notices at its next save, records what it knows and
            stops.

            Examples:
              preview cancel
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            named.preview, context.choices, in: context.surroundings)
        let state = try await Cancellation.cancel(
            preview.folder, in: preview.records.store, now: Clocks.now)
        if context.isJSON {
            context.result(Session(of: state, isLocked: false).json)
        } else {
            context.result("Cancelled \(state.app). `preview apply` goes on where it stopped.")
        }
    }
}
