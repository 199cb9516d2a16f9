/// Everything outside that a step may touch, handed in by the caller.
package struct World: Sendable {
    package var provider: any Provider
    package var source: any RepositorySource
    package var secrets: any SecretSource
    package var reporter: any Reporter
    /// Wall time, for display and life times.
    package var now: @Sendable () -> Timestamp
    /// A reading of a clock that does not jump; only differences mean something.
    package var uptime: @Sendable () -> Duration
    /// Random bytes for lineages and salts.
    package var random: @Sendable (_ count: Int) -> [UInt8]

    package init(
        provider: any Provider, source: any RepositorySource, secrets: any SecretSource,
        reporter: any Reporter, now: @escaping @Sendable () -> Timestamp,
        uptime: @escaping @Sendable () -> Duration,
        random: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.provider = provider
        self.source = source
        self.secrets = secrets
        self.reporter = reporter
        self.now = now
        self.uptime = uptime
        self.random = random
    }
}

/// Takes what a run says. Never throws and never waits for a reader.
package protocol Reporter: Sendable {
    /// Hands over one event; order is kept.
    func report(_ event: Event)
}

/// A reporter for commands that are no runs.
package struct Silence: Reporter {
    package init() {}

    package func report(_ event: Event) {}
}

/// Where secret values come from. Values are used inside the step that needs them and kept nowhere.
package protocol SecretSource: Sendable {
    /// The value, or `nil` when it is not available here.
    ///
    /// - Throws: ``Failure`` when the source exists but cannot be read.
    func value(of reference: SecretReference) throws -> String?
}
