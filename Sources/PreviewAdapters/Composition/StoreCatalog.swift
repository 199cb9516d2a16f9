import PreviewCore

/// Every store: the only place where one is chosen by name.
struct StoreCatalog {
    /// Where this machine's own data is unless the file says otherwise.
    private static let ownFolder = ".preview"

    private let choices: Choices
    private let surroundings: Surroundings

    init(_ choices: Choices, _ surroundings: Surroundings) {
        self.choices = choices
        self.surroundings = surroundings
    }

    /// The records that a configuration's settings name.
    ///
    /// `folder`: where the configuration is; relative paths start there.
    /// - Throws: ``Failure`` for settings that cannot be used, and for a key that is not there.
    func records(
        of settings: Config.StateSettings, key: SecretReference.Source?, folder: String
    ) throws -> Records {
        // The flag names a folder, whatever the file says.
        if let chosen = choices.state ?? surroundings.value("PREVIEW_STATE") {
            return try records(of: .folder(surroundings.absolute(chosen)), key, folder)
        }
        return try records(of: settings, key, folder)
    }

    private func records(
        of settings: Config.StateSettings, _ key: SecretReference.Source?, _ folder: String
    ) throws -> Records {
        let text = try key.map { try keyText($0, folder: folder) }
        let keys = try text.map { try RecordKeys($0.value, from: $0.origin) } ?? .none
        let data = DataFolder(path: path(of: settings, in: folder))
        let store = try store(of: settings, data)
        return Records(
            store: SealedStore(store, keys: keys), data: data,
            isFolder: settings.store == .file,
            hidden: (text.map { [$0.value] } ?? []) + credentials)
    }

    /// The folder of this machine's own data: that of the records, or the one beside the file.
    private func path(of settings: Config.StateSettings, in folder: String) -> String {
        let path = settings.settings["path"] ?? Self.ownFolder
        return path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    private func store(
        of settings: Config.StateSettings, _ data: DataFolder
    ) throws -> any StateStore {
        switch settings.store {
        case .file: return FileStore(data)
        case .s3:
            return try S3Store(
                settings: settings.settings, environment: surroundings.environment,
                home: surroundings.home ?? "", network: surroundings.network,
                trace: surroundings.trace)
        case .http:
            var setup = HTTPStore.Setup(
                settings: settings.settings, environment: surroundings.environment, data: data,
                user: surroundings.user, host: surroundings.host)
            setup.network = surroundings.network
            setup.trace = surroundings.trace
            return try HTTPStore(setup)
        case .postgres: return try PostgresStore(settings: settings.settings)
        }
    }

    /// Values of variables that the stores sign in with.
    private var credentials: [String] {
        [
            HTTPStore.passwordVariable, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD",
        ].compactMap(surroundings.value)
    }

    /// What the configuration names as the key, and where that is.
    private func keyText(
        _ source: SecretReference.Source, folder: String
    ) throws -> (value: String, origin: String) {
        let origin =
            switch source {
            case .environment(let name): "the variable \(name)"
            case .file(let path): "the file \(path)"
            }
        let secrets = LocalSecretSource(
            environment: surroundings.environment, dotenv: [:], base: folder,
            home: surroundings.home)
        let reference = SecretReference(name: "state.encrypt.key", source: source)
        guard let value = try secrets.value(of: reference) else {
            throw RecordKeys.missing(origin)
        }
        return (value, origin)
    }
}
