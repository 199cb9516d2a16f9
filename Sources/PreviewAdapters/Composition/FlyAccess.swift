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
        let http = HTTPClient(
            userAgent: Self.userAgent, network: surroundings.network, keepsCookies: true,
            trace: surroundings.trace)
        let client = FlyClient(
            token: token,
            machinesURL: base("FLY_FLAPS_BASE_URL", FlyClient.machinesURL),
            platformURL: base("FLY_API_BASE_URL", FlyClient.platformURL), http: http,
            retries: policy)
        return FlyProvider(
            .init(
                client: client,
                organization: surroundings.value("FLY_ORG") ?? surroundings.value("FLY_ORG_ID"),
                urlTemplate: base("FLY_APP_URL_TEMPLATE", "https://{app}.fly.dev"), http: http,
                repositoryToken: Tokens(surroundings).gitHub, isPublic: git.isReadableByAnybody,
                redactor: redactor, now: Clocks.now, hints: hints))
    }

    /// The token, wherever it is; `nil` where there is none.
    var token: FlyToken? {
        Self.tokens.lazy.compactMap(surroundings.value).first.map(FlyToken.init)
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
        let used = Self.tokens.first { surroundings.value($0) != nil }
        var renamed: [(String, String)] = []
        if let used, Self.tokens.suffix(2).contains(used) {
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
