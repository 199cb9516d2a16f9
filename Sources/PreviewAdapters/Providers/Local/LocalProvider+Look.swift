package import PreviewCore
import PreviewSystem

extension LocalProvider {
    package func logs(
        _ machine: Machine,
        tail: Int,
        follow: Bool
    ) -> AsyncThrowingStream<LogLine, any Error> {
        let place = place(of: machine.app)
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    var reader = AppLogReader(place: place)
                    for line in try reader.last(tail) { continuation.yield(line) }
                    while follow {
                        for line in try reader.more() { continuation.yield(line) }
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    continuation.finish()
                } catch is CancellationError {
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: Failure(.cannotRead, "\(error)"))
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    package func execute(
        _ command: [String],
        on machine: Machine,
        secrets: [String: String]
    ) async throws -> Int32 {
        let link = try requireLink(to: machine, step: nil)
        guard let release: Release = try MachinePlace.read(.release, in: link.folder),
            let name = command.first
        else {
            throw Failure(
                .nothingRecorded,
                "nothing was booted on this machine yet",
                fix: "run `preview apply`"
            )
        }
        let settings =
            try MachinePlace.read(.settings, in: link.folder) ?? Settings.none(for: release)
        let folder =
            release.path.isEmpty ? link.place.checkout : link.place.checkout + "/" + release.path
        let hasPython = KernelFile.exists(folder + "/.venv/bin/python")
        let environment = AppEnvironment(
            base: AppEnvironment.base(of: surroundings.environment),
            release: release,
            settings: settings,
            secrets: secrets,
            marks: [:],
            port: try settings.fixedPort ?? link.recorded?.privatePort ?? link.machine.port,
            virtualEnvironment: hasPython ? folder + "/.venv" : nil
        ).forApp
        guard let program = Command.locate(name, in: environment["PATH"] ?? "") else {
            throw Failure(
                .commandNotFound,
                "there is no program `\(name)`",
                fix: "check the spelling"
            )
        }
        let path = program.hasPrefix("/") ? program : folder + "/" + program
        let redactor = Redactor(secrets.values + surroundings.hidden)
        let ending = try await Command(
            path,
            Array(command.dropFirst()),
            environment: environment,
            directory: folder
        ).runInTerminal {
            let redaction = Locked(redactor.makeStream())
            return { bytes in
                redaction.withLock { redaction in
                    bytes.map { redaction.add($0) } ?? redaction.finish()
                }
            }
        }
        return ending.shellStatus
    }
}

/// Reads the log of an app, over the change to a new file.
struct AppLogReader {
    private let place: MachinePlace
    private var file: ReadableFile?
    private var offset = 0
    private var lines = LineSplitter(limit: 1 << 20)

    /// How much is read at the end of the log for its last lines, in bytes.
    private static let tailSize = 1 << 20

    init(place: MachinePlace) {
        self.place = place
    }

    /// The last lines, oldest first; what comes after them is for ``more()``.
    mutating func last(_ count: Int) throws -> [LogLine] {
        guard let folder = try place.logFolder() else { return [] }
        var found = try open(folder)
        if found.count < count, let earlier = try folder.file(AppLog.appName + ".1") {
            found = try end(of: earlier).lines + found
        }
        return found.suffix(count)
    }

    /// What was added since.
    mutating func more() throws -> [LogLine] {
        guard let folder = try place.logFolder() else { return [] }
        guard let file else { return try open(folder) }
        var found = try read(file)
        if let size = try folder.entry(AppLog.appName)?.size, size < offset {
            // A new file was begun; the rest of the old one has just been read.
            self.file = nil
            offset = 0
            lines = LineSplitter(limit: 1 << 20)
            self.file = try folder.file(AppLog.appName)
            if let file = self.file { found += try read(file) }
        }
        return found
    }

    private mutating func open(_ folder: Folder) throws -> [LogLine] {
        guard let file = try folder.file(AppLog.appName) else { return [] }
        self.file = file
        let (lines, size) = try end(of: file)
        offset = size
        return lines
    }

    private func end(of file: ReadableFile) throws -> (lines: [LogLine], size: Int) {
        let size = try file.size()
        let start = max(0, size - Self.tailSize)
        var splitter = LineSplitter(limit: 1 << 20)
        let bytes = try file.read(at: start, count: size - start)
        // The last line may be unfinished: it is left to the next reading.
        let complete = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let lines = splitter.feed(Array(bytes[..<complete])).compactMap(AppLogLine.read)
        return (lines, start + complete)
    }

    private mutating func read(_ file: ReadableFile) throws -> [LogLine] {
        var found: [LogLine] = []
        while true {
            let bytes = try file.read(at: offset, count: 64 << 10)
            if bytes.isEmpty { return found }
            offset += bytes.count
            found += lines.feed(bytes).compactMap(AppLogLine.read)
        }
    }
}
