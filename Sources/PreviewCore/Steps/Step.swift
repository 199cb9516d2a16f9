/// One of the four steps: a function from a typed input to a typed output.
///
/// The state keeps the input and output of a step's last success; the plan compares that input with
/// the one the configuration asks for now.
package protocol Step<Input, Output>: Sendable {
    /// What the step is given. Recorded, compared and shown, so it holds no secret value, no clock
    /// reading and no path of this machine.
    associatedtype Input: Codable & Hashable & Sendable
    /// What the step found or made: the result of SPEC section 1.
    associatedtype Output: Codable & Hashable & Sendable

    var id: StepID { get }
    /// The standard title; `steps.N.title` replaces it.
    var title: String { get }
    /// The standard description; `steps.N.description` replaces it.
    var summary: String { get }
    /// The sub-actions, four per step (SPEC section 1).
    var subActions: [String] { get }
    /// The description of a step that failed.
    var failureDescription: String { get }
    /// The same in the words of a provider (BEHAVIOURS D29).
    func failureDescription(with provider: ProviderName) -> String
    /// The event that tells of its completion.
    var completion: Event.Kind { get }
    /// Whether an attempt left open is finished with its recorded input before the present wish is
    /// planned: for steps that make named objects.
    var finishesOpenAttempts: Bool { get }

    /// What it would be given now. Pure.
    func input(in context: PlanContext) -> Wish<Input>
    /// Whether a changed input can be met in place. Pure.
    func action(from recorded: Input, to wanted: Input) -> Action
    /// What running it again amounts to where nothing differs. Pure.
    var repetition: Action { get }
    /// The input to record once the output is known: as it was given, with what only the run could
    /// tell filled in, so that the next plan finds no difference. Pure.
    func settled(_ input: Input, by output: Output) -> Input
    /// The fields a person sees when they change, by name.
    func fields(of input: Input) -> [Field]
    /// Does it. The only function of a step that changes anything outside.
    func run(_ input: Input, _ run: StepRun<Output>) async throws -> Output
    /// The description of a success.
    func successDescription(of output: Output) -> String
    /// What a person wants to know of a success beyond its description, a line each
    /// (BEHAVIOURS D5, D24, D34).
    func findings(in output: Output) -> [String]
    /// What a person should know of a success although it is one, such as limits that are not
    /// enforced here. Told as warnings.
    func remarks(on output: Output) -> [String]
    /// Takes it away again. Absent is success.
    func undo(_ output: Output, in world: World) async throws
}

extension Step {
    package var finishesOpenAttempts: Bool { false }
    package func failureDescription(with provider: ProviderName) -> String { failureDescription }
    package func action(from recorded: Input, to wanted: Input) -> Action { .update }
    package var repetition: Action { .update }
    package func settled(_ input: Input, by output: Output) -> Input { input }
    package func remarks(on output: Output) -> [String] { [] }
}

/// The input a step would be given, with the fields that only an earlier step can tell.
package struct Wish<Input: Sendable>: Sendable {
    /// Complete when ``unknown`` is empty; otherwise the fields named there hold what was last known.
    package var input: Input
    /// Names of fields that are known only after a step has run.
    package var unknown: [String: StepID]

    package init(_ input: Input, unknown: [String: StepID] = [:]) {
        self.input = input
        self.unknown = unknown
    }
}

/// A field of an input as people see it.
package struct Field: Hashable, Sendable {
    /// As the plan shows it, such as `env.LOG_LEVEL`.
    package var name: String
    /// What is shown and compared.
    package var value: JSONValue
    /// Why the step runs when this field changes, such as `new commit`.
    package var cause: String
    /// Shown as `(sensitive)`; the value is only good for comparing.
    package var isSensitive: Bool
    /// Whether a change of this field means that the object must be made anew.
    package var forcesReplacement: Bool
    /// Whether people see it: digests say nothing to them beyond their cause.
    package var isShown: Bool

    package init(
        _ name: String, _ value: JSONValue, cause: String, isSensitive: Bool = false,
        forcesReplacement: Bool = false, isShown: Bool = true
    ) {
        self.name = name
        self.value = value
        self.cause = cause
        self.isSensitive = isSensitive
        self.forcesReplacement = forcesReplacement
        self.isShown = isShown
    }
}

/// What a step may use while it runs.
package struct StepRun<Output: Sendable>: Sendable {
    /// What is asked for, with what a step needs beyond its input, such as limits of time.
    package var config: Config
    /// Which preview it is.
    package var identity: PreviewIdentity
    /// The record as it was when the step began.
    package var state: State
    /// What was seen just before the step was approved.
    package var facts: Facts
    /// The output that is being replaced or updated, if the step succeeded before.
    package var previous: Output?
    /// What the plan said of it, which was approved.
    package var action: Action
    /// Where to name what is made, before it is made.
    package var attempt: any AttemptRecorder
    /// Everything outside.
    package var world: World

    package init(
        config: Config, identity: PreviewIdentity, state: State, facts: Facts,
        previous: Output?, action: Action, attempt: any AttemptRecorder, world: World
    ) {
        self.config = config
        self.identity = identity
        self.state = state
        self.facts = facts
        self.previous = previous
        self.action = action
        self.attempt = attempt
        self.world = world
    }
}

/// The four steps, and the only list of them.
package enum Steps {
    /// In the order of `apply`.
    package static let all: [any Step] = [
        DetectRepository(), AllocateMachine(), ConfigureSettings(), BootRepository(),
    ]

    /// The step of an id.
    package static func step(_ id: StepID) -> any Step { all[id.number - 1] }

    /// Title of a step, with the configuration's own words where it has some.
    package static func title(of id: StepID, in config: Config?) -> String {
        config?.words[id]?.title ?? step(id).title
    }

    /// Description of a step, with the configuration's own words where it has some.
    package static func summary(of id: StepID, in config: Config?) -> String {
        config?.words[id]?.description ?? step(id).summary
    }
}
