import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "Look after the record.",
        subcommands: [
            StateShowCommand.self, StateListCommand.self, StateVerifyCommand.self,
            StateRestoreCommand.self, StatePullCommand.self, StatePushCommand.self,
            StateMigrateCommand.self, StateRekeyCommand.self,
        ])
}

struct StateShowCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the record of a preview; it holds no secret value.",
        discussion: """
            Examples:
              preview state show
              preview state show shop-4f1c9a2e | jq .steps.boot
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        let place = try await RecordPlace.find(named.preview, context)
        let (store, folder) = (place.store, place.folder)
        guard let loaded = try await StateRecord.load(folder, from: store) else {
            throw RecordPlace.nothing(folder)
        }
        context.result(StateFile.shown(loaded.state))
    }
}

struct StateListCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The versions of a record that are kept.",
        discussion: """
            Examples:
              preview state list
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    func execute(_ context: CommandContext) async throws {
        let place = try await RecordPlace.find(named.preview, context)
        let (store, folder) = (place.store, place.folder)
        var rows: [(serial: String, place: String, health: String, updated: String)] = []
        if let stored = try await store.read(folder) {
            rows.append(row("current", store.place(of: folder), stored.bytes))
        }
        for kept in try await store.kept(folder) {
            rows.append(row(String(kept.serial), kept.place, kept.bytes))
        }
        guard !rows.isEmpty else { throw RecordPlace.nothing(folder) }
        if context.isJSON {
            return context.result([
                "versions": .array(
                    rows.map {
                        [
                            "serial": .string($0.serial), "place": .string($0.place),
                            "health": .string($0.health), "updatedAt": .string($0.updated),
                        ]
                    })
            ])
        }
        for row in rows {
            context.result(
                "\(row.serial.padded(to: 9))\(row.updated.padded(to: 22))\(row.health)  \(row.place)"
            )
        }
    }

    private func row(
        _ name: String, _ place: String, _ bytes: [UInt8]
    ) -> (serial: String, place: String, health: String, updated: String) {
        do throws(StateFile.Damage) {
            let state = try StateFile.decode(bytes)
            let serial = name == "current" ? "\(state.serial) *" : name
            return (serial, place, "good", state.updatedAt.text)
        } catch {
            return (name, place, error.reason, "-")
        }
    }
}

struct StateVerifyCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that records are whole; exit 7 when one is not.",
        discussion: """
            Examples:
              preview state verify           every record
              preview state verify --json
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "App name or session id; default: all of them.")
    var preview: String?

    func execute(_ context: CommandContext) async throws {
        let store = try Records.find(context.choices, in: context.surroundings).store
        var folders = try await store.list().sorted()
        if let preview { folders = [try await RecordPlace.folder(named: preview, in: store)] }
        var (results, worst) = ([JSONValue](), Int32(0))
        for folder in folders {
            do {
                guard let loaded = try await StateRecord.load(folder, from: store) else { continue }
                results.append([
                    "app": .string(folder), "good": true, "serial": .int(loaded.state.serial),
                ])
                if !context.isJSON {
                    context.result("\(folder): good, serial \(loaded.state.serial)")
                }
            } catch let failure as Failure {
                worst = max(worst, failure.kind.exitCode)
                results.append(["app": .string(folder), "good": false, "error": failure.json])
                if !context.isJSON {
                    context.errors.write(FailureText(paint: context.errorPaint).text(of: failure))
                }
            }
        }
        if context.isJSON { context.result(["records": .array(results)]) }
        if worst != 0 { throw ExitCode(worst) }
    }
}

struct StateRestoreCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring back a kept version of a damaged record.",
        discussion: """
            Without a serial the newest good version is taken. The damaged file is kept beside it.

            Examples:
              preview state restore          the newest good version
              preview state restore 7        version 7
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The serial of the version; default: the newest good one.")
    var serial: Int?

    @Option(help: "App name; default: that of preview.yaml.")
    var app: String?

    @Flag(name: .shortAndLong, help: "Also replace a record that is good.")
    var yes = false

    func execute(_ context: CommandContext) async throws {
        let place = try await RecordPlace.find(app, context)
        let (store, folder) = (place.store, place.folder)
        let restored = try await store.withLock(
            folder, for: .ofThisProcess("state restore", context), timeout: context.lockTimeout,
            waiting: { _ in }
        ) {
            try await StateRestoration(store: store, folder: folder, now: Clocks.now)
                .restore(serial, replacingGood: yes)
        }
        if let kept = restored.setAside { context.note("What was there is kept as \(kept).") }
        context.result(
            "Restored \(folder) to serial \(restored.from), now serial \(restored.serial).")
    }
}

/// Where a record is, even one that is damaged or destroyed.
struct RecordPlace {
    let store: any StateStore
    /// The name it is kept under.
    let folder: String
    /// What it must be the record of; `nil` where no configuration says so.
    let source: String?

    /// Finds a record by its name, else by the configuration, else the only one there.
    ///
    /// `orNew`: whether a name of which nothing is recorded is taken as it is.
    static func find(
        _ name: String?, _ context: CommandContext, orNew: Bool = false
    ) async throws -> RecordPlace {
        let (choices, surroundings) = (context.choices, context.surroundings)
        if let name {
            let store = try Records.find(choices, in: surroundings).store
            do {
                return RecordPlace(
                    store: store, folder: try await folder(named: name, in: store), source: nil)
            } catch let failure as Failure where failure.code == .nothingRecorded {
                guard orNew, AppName(name) != nil else { throw failure }
                return RecordPlace(store: store, folder: name, source: nil)
            }
        }
        if try ConfigFile.find(choices, in: surroundings) != nil {
            let workspace = try await Workspace.open(choices, in: surroundings)
            return RecordPlace(
                store: workspace.records.store, folder: workspace.folder,
                source: workspace.identity.source)
        }
        let store = try Records.find(choices, in: surroundings).store
        let folders = try await store.list()
        guard folders.count == 1 else {
            throw Failure(
                .ambiguousPreview, .usage,
                folders.isEmpty ? "no preview is recorded here" : "several previews are recorded",
                evidence: folders.sorted().map { .init("preview", $0) }, retry: "preview list")
        }
        return RecordPlace(store: store, folder: folders[0], source: nil)
    }

    /// The name that the record of an app name or session id is kept under.
    static func folder(named name: String, in store: any StateStore) async throws -> String {
        let folders = try await store.list().sorted()
        if folders.contains(name) { return name }
        for folder in folders {
            // A damaged record cannot be found by what is written in it.
            guard let state = try? await StateRecord.load(folder, from: store)?.state else {
                continue
            }
            if state.lineage == name || state.app == name { return folder }
        }
        throw nothing(name)
    }

    static func nothing(_ name: String) -> Failure {
        Failure(
            .nothingRecorded, "nothing is recorded of \(name)",
            fix: "`preview list` shows what is", retry: "preview list")
    }
}
