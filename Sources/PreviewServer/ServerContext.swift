import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import PreviewCore

/// What is known of a request while it is answered.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection, to end it where its reader has fallen asleep.
    let channel: any Channel
    /// What the request log says of it.
    let note = RequestNote()
    /// The token it carried. Set by ``Authentication``.
    var token: AccessToken?

    /// Whose token it was: a named user, or `nil` for the default one.
    var user: String? { token?.user }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// What a request turned out to be about, for its line in the request log.
final class RequestNote: Sendable {
    struct Contents {
        var session: String?
        var step: Int?
        var user: String?
    }

    private let contents = NIOLockedValueBox(Contents())

    var all: Contents { contents.withLockedValue { $0 } }

    func set<Value>(_ member: WritableKeyPath<Contents, Value>, _ value: Value) {
        contents.withLockedValue { $0[keyPath: member] = value }
    }
}
