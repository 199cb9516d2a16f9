import PreviewCore
import PreviewSystem

/// What the environment says of Fly.io: the token, the organization, and where the platform is
/// (SPEC sections 3 and 8).
struct FlyAccess {
    let surroundings: Surroundings
    /// How often calls are repeated.
    let retries: Config.Retries

    /// The variables a token may be in, the right ones first. Ones meant for browsers are never
    /// among them (BEHAVIOURS N6).
    private static let tokens = [
        "FLY_API_TOKEN", "FLY_ACCESS_TOKEN", "FLY_IO_TOKEN", "NEXT_FLY_IO_TOKEN",
    ]

    /// The provider of one preview. Without a token it is one whose every call fails, so that a plan
    /// can still be made from the record.
    func provider(git: GitRepository, redactor: Redactor) -> FlyProvider {
        let http = http
        return FlyProvider(
            .init(
                client: client(http), organization: organization,
                urlTemplate: base("FLY_APP_URL_TEMPLATE", "https://{app}.fly.dev"), http: http,
                repositoryToken: Tokens(surroundings).gitHub, isPublic: git.isReadableByAnybody,
                redactor: redactor, now: Clocks.now, hints: hints))
    }

    /// The token, wherever it is; `nil` where there is none.
    var token: FlyToken? { tokenVariable.flatMap(surroundings.value).map(FlyToken.init) }

    /// The variable that the token is in.
    var tokenVariable: String? { Self.tokens.first { surroundings.value($0) != nil } }

    /// The organization that apps are to be made in, where one is named.
    var organization: String? {
        surroundings.value("FLY_ORG") ?? surroundings.value("FLY_ORG_ID")
    }

    /// Where the Machines API is.
    var machinesURL: String { base("FLY_FLAPS_BASE_URL", FlyClient.machinesURL) }
    /// Where GraphQL and the logs are.
    var platformURL: String { base("FLY_API_BASE_URL", FlyClient.platformURL) }

    /// The platform's interfaces, without a provider around them.
    var client: FlyClient { client(http) }

    private func client(_ http: HTTPClient) -> FlyClient {
        FlyClient(
            token: token, machinesURL: machinesURL, platformURL: platformURL, http: http,
            retries: policy)
    }

    private var http: HTTPClient {
        HTTPClient(
            userAgent: Self.userAgent, network: surroundings.network, keepsCookies: true,
            trace: surroundings.trace)
    }

    private static let userAgent = "preview"

    /// The client's own policy with the figures of `retries` in preview.yaml.
    private var policy: RetryPolicy {
        var policy = FlyClient.retries
        policy.attempts = retries.attempts
        policy.backoff = .seconds(retries.backoff)
        return policy
    }

    /// A base URL without a slash at its end.
    private func base(_ variable: String, _ standard: String) -> String {
        var url = surroundings.value(variable) ?? standard
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// What to say of variables that are read and have a better name.
    private var hints: [Plan.Warning] {
        var renamed: [(String, String)] = []
        if let used = tokenVariable, Self.tokens.suffix(2).contains(used) {
            renamed.append((used, "FLY_API_TOKEN"))
        }
        if surroundings.value("FLY_ORG") == nil, surroundings.value("FLY_ORG_ID") != nil {
            renamed.append(("FLY_ORG_ID", "FLY_ORG"))
        }
        return renamed.map { old, new in
            Plan.Warning(
                code: .tokenMissing, message: "\(old) was read; its name is \(new)",
                fix: "export it under that name: others do not look for \(old)")
        }
    }
}
