extension ConfigDecoder {
    /// Where the record is kept: the keys depend on the store.
    mutating func state(_ node: YAMLNode, _ config: inout Config) {
        guard let section = section(node, "state") else { return }
        let before = faults.count
        let store = value(Keys.State.store, in: section) ?? .file
        if faults.count == before {
            checkKeys(of: section, for: store)
            for key in store.keys where key.isRequired {
                requireKey(key.key, of: store, in: section)
            }
        }
        let settings = settings(in: section)
        config.state =
            store == .file && settings.isEmpty ? .standard : Config.StateSettings(store, settings)
        guard let node = section["encrypt"] else { return }
        if let section = self.section(node, "state.encrypt") {
            config.stateKey = value(Keys.State.encryptKey, in: section)
        }
    }

    private mutating func checkKeys(of section: Section, for store: Config.StoreName) {
        let names = store.keys.map(\.key.name)
        for entry in section.node.entries ?? [] {
            guard let name = entry.key.text, !names.contains(name) else { continue }
            let owners = Config.StoreName.allCases.filter { other in
                other.keys.contains { $0.key.name == name }
            }
            guard let owner = owners.first else { continue }
            report(
                entry.key,
                "`\(name)` is a key of the store `\(owner.rawValue)`, not of `\(store.rawValue)`",
                code: .unknownKey,
                expected: "`store: \(owner.rawValue)`, or one of \(names.joined(separator: ", "))"
            )
        }
    }

    private mutating func requireKey(
        _ key: ConfigKey,
        of store: Config.StoreName,
        in section: Section
    ) {
        if section[key.name] == nil { reportMissing(key, in: section) }
    }

    private mutating func settings(in section: Section) -> [String: String] {
        var settings: [String: String] = [:]
        for key in Keys.State.texts {
            settings[key.key.name] = value(key, in: section)
        }
        if let isPathStyle = value(Keys.State.pathStyle, in: section) {
            settings[Keys.State.pathStyle.key.name] = String(isPathStyle)
        }
        return settings
    }
}

extension Config.StoreName {
    /// The keys that say how a store is reached, beside `store` and `encrypt`.
    var keys: [(key: ConfigKey, isRequired: Bool)] {
        switch self {
        case .file: [(Keys.State.path.key, false)]
        case .s3:
            [
                (Keys.State.bucket.key, true), (Keys.State.prefix.key, false),
                (Keys.State.region.key, false), (Keys.State.endpoint.key, false),
                (Keys.State.pathStyle.key, false), (Keys.State.encryption.key, false),
            ]
        case .http:
            [
                (Keys.State.address.key, true), (Keys.State.lockAddress.key, false),
                (Keys.State.unlockAddress.key, false), (Keys.State.username.key, false),
            ]
        case .postgres: [(Keys.State.url.key, true), (Keys.State.schema.key, false)]
        }
    }
}

extension Keys.State {
    /// The keys of all stores whose values are text.
    fileprivate static let texts = [
        path, bucket, prefix, region, endpoint, encryption, address, lockAddress, unlockAddress,
        username, url, schema,
    ]
}
