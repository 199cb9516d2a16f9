import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct StatePullCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Print the record's document, byte for byte; what is encrypted is opened.",
        discussion: """
            Examples:
              preview state pull > record.json
              preview state pull shop-4f1c9a2e | jq .session
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        let place = try await RecordPlace.find(named.preview, context)
        guard let stored = try await place.store.read(place.folder) else {
            throw RecordPlace.nothing(place.folder)
        }
        context.output.write(String(decoding: stored.bytes, as: UTF8.self))
    }
}

struct StatePushCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Make a document the newest record.",
        discussion: """
            It is refused when what is recorded is newer, of another lineage or of another preview.

            Examples:
              preview state push record.json
              preview state pull | preview state push -        nothing to do
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The document; - is standard input.")
    var file: String

    @Option(help: "App name; default: that of preview.yaml.")
    var app: String?

    @Flag(help: "Also replace a newer record, a damaged one, or one of another lineage.")
    var force = false

    func execute(_ context: CommandContext) async throws {
        let document = try await read(context)
        let place = try await RecordPlace.find(app, context, orNew: true)
        let serial = try await place.store.withLock(
            place.folder, for: .ofThisProcess("state push", context),
            timeout: context.lockTimeout, waiting: { _ in }
        ) {
            try await StatePush(store: place.store, folder: place.folder, now: Clocks.now)
                .push(document, source: place.source, force: force)
        }
        context.result(
            serial.map { "Recorded \(place.folder) as serial \($0)." }
                ?? "\(place.folder) is recorded like that already.")
    }

    private func read(_ context: CommandContext) async throws -> [UInt8] {
        let bytes =
            file == "-"
            ? await Terminal.readAll(limit: Self.largest)
            : try TextFile.read(context.surroundings.absolute(file))
        guard let bytes else {
            throw Failure(
                .usage, .usage,
                file == "-" ? "standard input is too long" : "there is no file \(file)",
                fix: "name what `preview state pull` gave")
        }
        return bytes
    }

    /// A record is some kilobytes.
    private static let largest = 1 << 20
}

struct StateMigrateCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Copy records from another store into the one of preview.yaml.",
        discussion: """
            Each record is copied under both locks with the versions that are kept, and read back.
            Nothing is removed from the store it comes from, and a newer record is never replaced.

            The other store is named as `state` is in preview.yaml, or by a folder.

            Examples:
              preview state migrate --from .preview
              preview state migrate --from '{ store: s3, bucket: previews, region: eu-west-1 }'
              preview state migrate --from .preview shop-4f1c9a2e
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "The store to copy from: a folder, or what `state` would be.")
    var from: String

    @Argument(help: "App names; default: every record there.")
    var apps: [String] = []

    func execute(_ context: CommandContext) async throws {
        let target = try Records.find(context.choices, in: context.surroundings)
        let source = try Records.named(from, context.choices, in: context.surroundings)
        guard source.place != target.place else {
            throw Failure(
                .usage, .usage, "both stores are \(source.place)",
                fix: "name the new store in preview.yaml, and the old one with --from")
        }
        let names = apps.isEmpty ? try await source.store.list().sorted() : apps
        var results: [JSONValue] = []
        var failures: [Failure] = []
        for try await (name, result) in copies(of: names, from: source, to: target, context) {
            switch result {
            case .success(let outcome):
                results.append(["app": .string(name), "outcome": .string(outcome.word)])
                if !context.isJSON { context.result("\(name): \(outcome.text)") }
            case .failure(let failure):
                failures.append(failure)
                results.append(["app": .string(name), "error": failure.json])
                if !context.isJSON {
                    context.errors.write(FailureText(paint: context.errorPaint).text(of: failure))
                }
            }
        }
        if context.isJSON {
            results.sort { ($0["app"]?.string ?? "") < ($1["app"]?.string ?? "") }
            context.result([
                "from": .string(source.place), "to": .string(target.place),
                "records": .array(results),
            ])
        } else {
            context.note(
                "\(names.count - failures.count) of \(names.count) records are in "
                    + "\(target.place); nothing was removed from \(source.place).")
        }
        if let failure = failures.first { throw ExitCode(failure.kind.exitCode) }
    }

    private typealias Copied = (app: String, result: Result<StateMigration.Outcome, Failure>)

    /// How many records are copied at a time: a copy is some round trips of a store.
    private static let sideBySide = 8

    /// Copies records side by side, and tells each as soon as it is done.
    private func copies(
        of names: [String], from source: Records, to target: Records, _ context: CommandContext
    ) -> AsyncThrowingStream<Copied, any Error> {
        AsyncThrowingStream { stream in
            let work = Task {
                do {
                    try await withThrowingTaskGroup(of: Copied.self) { group in
                        for (number, name) in names.enumerated() {
                            if number >= Self.sideBySide, let copied = try await group.next() {
                                stream.yield(copied)
                            }
                            group.addTask {
                                do {
                                    let outcome = try await copy(
                                        name, from: source, to: target, context)
                                    return (name, .success(outcome))
                                } catch let failure as Failure {
                                    return (name, .failure(failure))
                                }
                            }
                        }
                        for try await copied in group { stream.yield(copied) }
                    }
                    stream.finish()
                } catch {
                    stream.finish(throwing: error)
                }
            }
            stream.onTermination = { _ in work.cancel() }
        }
    }

    private func copy(
        _ app: String, from source: Records, to target: Records, _ context: CommandContext
    ) async throws -> StateMigration.Outcome {
        let holder = LockHolder.ofThisProcess("state migrate", context)
        return try await source.store.withLock(
            app, for: holder, timeout: context.lockTimeout, waiting: { _ in }
        ) {
            try await target.store.withLock(
                app, for: holder, timeout: context.lockTimeout, waiting: { _ in }
            ) {
                try await StateMigration(from: source.store, to: target.store).copy(app)
            }
        }
    }
}

extension StateMigration.Outcome {
    fileprivate var word: String {
        switch self {
        case .copied: "copied"
        case .present: "present"
        case .absent: "absent"
        }
    }

    fileprivate var text: String {
        switch self {
        case .copied(let versions): "copied, \(versions) \(versions == 1 ? "version" : "versions")"
        case .present: "is there already"
        case .absent: "is not recorded there"
        }
    }
}

struct StateRekeyCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Encrypt every record with the first key of `state.encrypt`.",
        discussion: """
            What `state.encrypt.key` names may hold several keys, apart by commas or new lines: the
            first one encrypts, and every one decrypts. To change the key, put the new one first,
            rekey, and take the old one away. Earlier versions stay as they were written, until
            five newer ones have taken their places.

            Examples:
              export PREVIEW_STATE_KEY="$(openssl rand -base64 32),$PREVIEW_STATE_KEY"
              preview state rekey
            """)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: CommandContext) async throws {
        let store = try Records.find(context.choices, in: context.surroundings).store
        for app in try await store.list().sorted() {
            let serial = try await store.withLock(
                app, for: .ofThisProcess("state rekey", context), timeout: context.lockTimeout,
                waiting: { _ in }
            ) {
                try await StateRewrite(store: store, now: Clocks.now).rewrite(app)
            }
            if let serial { context.result("\(app): serial \(serial)") }
        }
    }
}

extension LockHolder {
    /// This process, as the holder of a lock during a command.
    static func ofThisProcess(_ command: String, _ context: CommandContext) -> LockHolder {
        LockHolder(
            id: String(Identifier.uuid(Moment.randomBytes(16)).prefix(8)),
            user: context.surroundings.user, host: context.surroundings.host,
            process: Host.processID, command: "preview \(command)", since: Clocks.now())
    }
}
