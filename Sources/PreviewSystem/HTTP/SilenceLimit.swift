/// How long a server may say nothing, before its answer and within it.
struct SilenceLimit {
    private let beforeAnswer: Duration?
    private let withinAnswer: Duration?
    /// When the silence has lasted too long, or nil while it may last.
    private(set) var deadline: ContinuousClock.Instant?

    init(beforeAnswer: Duration?, withinAnswer: Duration?) {
        self.beforeAnswer = beforeAnswer
        self.withinAnswer = withinAnswer
    }

    /// The request goes out.
    mutating func began() { wait(beforeAnswer) }

    /// Something of the answer came, or is asked for again after a pause.
    mutating func heard() { wait(withinAnswer) }

    private mutating func wait(_ limit: Duration?) {
        deadline = limit.map { ContinuousClock.now + $0 }
    }
}
