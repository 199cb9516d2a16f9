/// How long a request may wait for its connection, and a server say nothing, before its answer and
/// within it.
struct SilenceLimit {
    private let beforeConnection: Duration
    private let beforeAnswer: Duration?
    private let withinAnswer: Duration?
    /// When it has lasted too long, or nil while it may last.
    private(set) var deadline: ContinuousClock.Instant?

    init(for request: HTTPRequest) {
        // libcurl keeps the time of a connection that the request makes for itself, and says best
        // why it was over. It does not keep that of a request which waits for another's.
        beforeConnection = request.connectTimeout + .milliseconds(250)
        beforeAnswer = request.responseTimeout
        withinAnswer = request.idleTimeout
    }

    /// The request is to be sent as soon as there is a connection.
    mutating func queued() { wait(beforeConnection) }

    /// The request goes out.
    mutating func began() { wait(beforeAnswer) }

    /// Something of the answer came, or is asked for again after a pause.
    mutating func heard() { wait(withinAnswer) }

    /// Nothing of the answer is asked for.
    mutating func paused() { wait(nil) }

    private mutating func wait(_ limit: Duration?) {
        deadline = limit.map { ContinuousClock.now + $0 }
    }
}
