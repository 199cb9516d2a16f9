import PreviewCore

/// Every store: the only place where one is chosen by name.
struct StoreCatalog {
    private let choices: Choices
    private let surroundings: Surroundings

    init(_ choices: Choices, _ surroundings: Surroundings) {
        self.choices = choices
        self.surroundings = surroundings
    }

    /// The records that settings name.
    ///
    /// `folder`: where the configuration is; relative paths start there.
    /// - Throws: ``Failure`` for settings that cannot be used.
    func records(
        of settings: Config.StateSettings, key: SecretReference.Source?, folder: String
    ) throws -> Records {
        guard key == nil else {
            throw Failure(
                .storeSettings, .invalidConfig, "`state.encrypt` is not part of this version",
                fix: "leave it out; the record holds no secret value")
        }
        // The flag names a folder, whatever the file says.
        if let chosen = choices.state ?? surroundings.value("PREVIEW_STATE") {
            return Records(in: DataFolder(path: surroundings.absolute(chosen)))
        }
        switch settings {
        case .file(let path):
            return Records(
                in: DataFolder(path: path.hasPrefix("/") ? path : "\(folder)/\(path)"))
        case .other(let name, _):
            throw Failure(
                .storeSettings, .invalidConfig,
                "the store `\(name)` is not part of this version",
                fix: "use `state: { store: file }`")
        }
    }
}
