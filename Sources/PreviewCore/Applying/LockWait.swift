/// Tells of the wait for a lock: who has it, for how long, and what is left (BEHAVIOURS A9).
package struct LockWait: Sendable {
    private let world: World
    private let limit: Duration
    private let step: StepID?
    private let begun: Duration

    /// The wait begins now; `step` is the step that waits, if one does.
    package init(_ world: World, limit: Duration, step: StepID? = nil) {
        self.world = world
        self.limit = limit
        self.step = step
        begun = world.uptime()
    }

    /// Reports that the lock is still held.
    package func tell(_ holder: LockHolder?) {
        let elapsed = (world.uptime() - begun).components.seconds
        let limit = limit.components.seconds
        world.reporter.report(
            Event(
                .wait,
                "Waiting for the lock, \(elapsed) s of \(limit) s, held by "
                    + (holder?.text ?? "another run"),
                step: step,
                data: ["name": "lock", "elapsed": .int(Int(elapsed)), "limit": .int(Int(limit))]))
    }
}
