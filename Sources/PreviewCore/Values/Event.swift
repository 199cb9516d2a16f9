/// One thing a run says. Terminal, log file, page and event stream are all made from these.
package struct Event: Hashable, Sendable {
    /// What happened, which decides what ``data`` has.
    package var kind: Kind
    /// How serious it is.
    package var level: Level
    /// The step it is about, if it is about one.
    package var step: StepID?
    /// The error's code, for failures and warnings that have one.
    package var code: ErrorCode?
    /// The words of SPEC section 3, or a line of output; already redacted.
    package var message: String
    /// Further fields, by kind; `null` for none.
    package var data: JSONValue

    package init(
        _ kind: Kind, _ message: String, level: Level = .info, step: StepID? = nil,
        code: ErrorCode? = nil, data: JSONValue = .null
    ) {
        self.kind = kind
        self.level = level
        self.step = step
        self.code = code
        self.message = message
        self.data = data
    }

    /// How serious it is.
    package enum Level: String, Sendable, CaseIterable {
        case info, warning, error
    }

    /// What happened. The raw values are part of the JSON contract.
    package enum Kind: String, Sendable, CaseIterable {
        case runBegin = "run_begin"
        case session = "session"
        case stepBegin = "step_begin"
        /// One of the five phases of step 4 began or ended; `data` has `phase`, `number`, `seconds`.
        case phaseBegin = "phase_begin"
        case phaseEnd = "phase_end"
        /// A line a command, machine or repository printed; `data` has `stream` and `phase`.
        case output = "output"
        /// Words of the program.
        case log = "log"
        /// A sign of life of a wait; `data` has `name`, `elapsed`, `limit` in seconds.
        case wait = "wait"
        case repositoryDetected = "repository_detected"
        case machineAllocated = "machine_allocated"
        case settingsConfigured = "settings_configured"
        case repositoryBooted = "repository_booted"
        case stepFailed = "step_failed"
        case stepUndone = "step_undone"
        case runEnd = "run_end"
    }
}
