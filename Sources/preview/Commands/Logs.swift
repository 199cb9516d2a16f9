import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct LogsCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "What the steps and the app said.",
        discussion: """
            Without --step, the log of the set-up followed by that of the app.

            Examples:
              preview logs                 the last 100 lines
              preview logs -f              and everything that comes
              preview logs --step 4        only what step 4 said
              preview logs --since 10m     only the last ten minutes
              preview logs --app           only what the app printed
            """)

    @OptionGroup var global: GlobalOptionsWithoutShortFile

    @OptionGroup var named: NamedPreview

    @Flag(name: .shortAndLong, help: "Go on with what comes.")
    var follow = false

    @Option(help: ArgumentHelp("Only this step of the set-up, 1 to 4.", valueName: "n"))
    var step: Int?

    @Flag(help: "Only the app.")
    var app = false

    @Option(help: ArgumentHelp("At most so many lines of each log.", valueName: "n"))
    var tail = 100

    @Option(help: ArgumentHelp("Only what is younger, such as 10m.", valueName: "duration"))
    var since: String?

    func validate() throws {
        if let step, StepID(number: step) == nil {
            throw ValidationError("--step takes a step from 1 to 4, not \(step)")
        }
        guard tail >= 0 else { throw ValidationError("--tail is at least 0") }
        if let since, DurationText.seconds(since) == nil {
            throw ValidationError("--since takes a duration such as 10m or 1h, not \"\(since)\"")
        }
    }

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            named.preview, context.choices, in: context.surroundings)
        let start = try since.map {
            Clocks.now() + -Int(try CommandRunner.duration($0, of: "--since").components.seconds)
        }
        var offset = 0
        if !app { offset = try setUpLog(of: preview, since: start, context) }
        guard step == nil || follow else { return }
        guard follow else { return try await appLog(of: preview, since: start, context) }
        try await followBoth(preview, from: offset, since: start, context)
    }

    /// Prints the end of the set-up's log and gives the offset to go on from.
    private func setUpLog(
        of preview: RecordedPreview, since start: Timestamp?, _ context: CommandContext
    ) throws -> Int {
        let history = EventHistory(data: preview.records.data, app: preview.folder)
        let (events, next, torn) = try history.read()
        let wanted = events.filter { isWanted($0, since: start) }
        for logged in wanted.suffix(tail) { show(logged, context) }
        if torn > 0 { context.note("Warning: \(torn) torn lines of the log were skipped.") }
        return next
    }

    private func isWanted(_ logged: LoggedEvent, since start: Timestamp?) -> Bool {
        if let step, logged.event.step?.number != step { return false }
        if let start, logged.time < start { return false }
        return logged.event.kind != .runBegin && logged.event.kind != .runEnd
    }

    private func show(_ logged: LoggedEvent, _ context: CommandContext) {
        if context.isJSON {
            context.result(String(decoding: JSONWriter.line(logged.json), as: UTF8.self))
        } else {
            let words = HumanReporter(paint: context.paint, isQuiet: false, write: { _ in })
            context.result(words.line(for: logged))
        }
    }

    private func appLog(
        of preview: RecordedPreview, since start: Timestamp?, _ context: CommandContext
    ) async throws {
        guard let machine = preview.state.output(of: AllocateMachine())?.machine else { return }
        let world = try preview.world(reporter: Silence())
        for try await line in world.provider.logs(machine, tail: tail, follow: follow) {
            if let start, line.time < start { continue }
            show(line, context)
        }
        // A stream that was cancelled just ends.
        try Task.checkCancellation()
    }

    private func show(_ line: LogLine, _ context: CommandContext) {
        if context.isJSON {
            let json: JSONValue = [
                "time": .string(line.time.text), "stream": .string(line.stream),
                "message": .string(line.text),
            ]
            return context.result(String(decoding: JSONWriter.line(json), as: UTF8.self))
        }
        let time = context.paint.dim("[\(Host.localClockTime(unixSeconds: line.time.seconds))]")
        context.result("\(time) \(TerminalText.sanitized(line.text))")
    }

    private func followBoth(
        _ preview: RecordedPreview, from offset: Int, since start: Timestamp?,
        _ context: CommandContext
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if !app {
                group.addTask {
                    let history = EventHistory(data: preview.records.data, app: preview.folder)
                    var next = offset
                    while true {
                        let more = try history.read(from: next)
                        next = more.next
                        for logged in more.events where isWanted(logged, since: start) {
                            show(logged, context)
                        }
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            if step == nil {
                group.addTask { try await appLog(of: preview, since: start, context) }
            }
            try await group.waitForAll()
        }
    }
}
