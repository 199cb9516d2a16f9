/// A key of `preview.yaml`, as documented: the source of `preview help config`, of the comments
/// that `preview init` writes and of the descriptions in the JSON Schema.
package struct ConfigKey: Hashable, Sendable {
    /// Where the key stands: `run.port`, `steps.N.title`, `env.NAME`, `secrets[].name`.
    package let path: String
    /// What its value is, in words.
    package let value: String
    /// Whether the section cannot do without it.
    package let isRequired: Bool
    /// The value that holds when the key is absent; `nil` where there is none or ``summary`` tells.
    package let defaultValue: JSONValue?
    /// What it is for, in one sentence with a full stop.
    package let summary: String
    /// The value's rule in JSON Schema; for a section, without its keys.
    let schema: JSONValue
    /// Whether further keys stand below this one.
    let isSection: Bool

    /// The last part of ``path``.
    package var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// The path of the section that holds the key; empty at the top.
    package var section: String { path.split(separator: ".").dropLast().joined(separator: ".") }

    /// Every key in the order of SPEC section 2.
    package static let all: [ConfigKey] = topKeys + machineKeys + appKeys + runKeys + stateKeys

    /// The keys of a section, of the top for an empty path.
    package static func keys(in section: String) -> [ConfigKey] { bySection[section] ?? [] }

    private static let bySection = Dictionary(grouping: all, by: \.section)
}

/// A key together with the rule that reads its value.
struct TypedKey<Value: Sendable>: Sendable {
    let rule: ConfigRule<Value>
    let key: ConfigKey

    init(
        _ path: String,
        _ rule: ConfigRule<Value>,
        default defaultValue: JSONValue? = nil,
        isRequired: Bool = false,
        _ summary: String
    ) {
        self.rule = rule
        key = ConfigKey(
            path: path,
            value: rule.expected,
            isRequired: isRequired,
            defaultValue: defaultValue,
            summary: summary,
            schema: rule.schema,
            isSection: false
        )
    }
}

extension ConfigKey {
    /// A key with others below it.
    private static func section(_ path: String, _ value: String, _ summary: String) -> ConfigKey {
        ConfigKey(
            path: path,
            value: value,
            isRequired: false,
            defaultValue: nil,
            summary: summary,
            schema: [:],
            isSection: true
        )
    }

    private static let topKeys = [
        Keys.version.key, Keys.name.key, Keys.repo.key, Keys.branch.key, Keys.path.key,
        Keys.provider.key, Keys.region.key,
    ]

    private static let machineKeys = [
        section("resources", "a mapping", "The machine: a preset, or CPUs and memory."),
        Keys.Resources.size.key, Keys.Resources.cpu.key, Keys.Resources.memory.key,
    ]

    private static let appKeys = [
        section("env", "a mapping of names to values", "Plain values for the app's environment."),
        Keys.environmentValue.key,
        section("secrets", "a list", "Values for the app that are never written down."),
        Keys.Secrets.name.key, Keys.Secrets.from.key,
    ]

    private static let runKeys = [
        section("run", "a mapping", "Overrides of what detection found."),
        Keys.Run.install.key, Keys.Run.build.key, Keys.Run.start.key, Keys.Run.port.key,
        Keys.Run.mode.key, Keys.Run.image.key,
        section("health", "a mapping", "How to tell that the app answers."),
        Keys.Health.path.key, Keys.Health.timeout.key,
        section("lifecycle", "a mapping", "When the app starts, stops and is destroyed."),
        Keys.Lifecycle.autoStart.key, Keys.Lifecycle.idleTimeout.key, Keys.Lifecycle.ttl.key,
        section("timeouts", "a mapping", "How long the phases of the boot may take."),
        Keys.Timeouts.clone.key, Keys.Timeouts.install.key, Keys.Timeouts.build.key,
        Keys.Timeouts.start.key,
        section("retries", "a mapping", "Calls that may be repeated safely are."),
        Keys.Retries.attempts.key, Keys.Retries.backoff.key,
        section("hooks", "a mapping", "Commands run on this machine when a run has ended."),
        Keys.Hooks.onComplete.key, Keys.Hooks.onError.key,
        section("steps", "a mapping of 1, 2, 3 and 4", "Your own words for the steps."),
        section("steps.N", "a mapping", "The words for one step."),
        Keys.Words.title.key, Keys.Words.description.key,
        section("limits", "a mapping", "What no flag can override."),
        Keys.Limits.maxPreviews.key, Keys.Limits.maxMonthlyCost.key,
    ]

    private static let stateKeys = [
        section("state", "a mapping", "Where the record of the previews is kept."),
        Keys.State.store.key, Keys.State.path.key, Keys.State.bucket.key, Keys.State.prefix.key,
        Keys.State.region.key, Keys.State.endpoint.key, Keys.State.pathStyle.key,
        Keys.State.encryption.key, Keys.State.address.key, Keys.State.lockAddress.key,
        Keys.State.unlockAddress.key, Keys.State.username.key, Keys.State.url.key,
        Keys.State.schema.key,
        section("state.encrypt", "a mapping", "Encrypts the record, in any store."),
        Keys.State.encryptKey.key,
    ]
}
