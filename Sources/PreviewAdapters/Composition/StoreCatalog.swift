import PreviewCore

/// Every store: the only place where one is chosen by name.
struct StoreCatalog {
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
            return try records(of: .file(path: surroundings.absolute(chosen)), key, folder)
        }
        return try records(of: settings, key, folder)
    }

    private func records(
        of settings: Config.StateSettings, _ key: SecretReference.Source?, _ folder: String
    ) throws -> Records {
        let text = try key.map { try keyText($0, folder: folder) }
        let keys = try text.map { try RecordKeys($0.value, from: $0.origin) } ?? .none
        switch settings {
        case .file(let path):
            let data = DataFolder(path: path.hasPrefix("/") ? path : "\(folder)/\(path)")
            return Records(
                store: SealedStore(FileStore(data), keys: keys), data: data, place: data.path,
                isFolder: true, hidden: text.map { [$0.value] } ?? [])
        case .other(let name, _):
            throw Failure(
                .storeSettings, .invalidConfig,
                "the store `\(name)` is not part of this version",
                fix: "use `state: { store: file }`")
        }
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
