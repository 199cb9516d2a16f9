/// What a simulator is made of.
package struct SimulatorConfiguration: Sendable {
    /// The organizations there are.
    package var organizations: [Organization]
    /// The tokens that are valid from the start.
    package var credentials: [Credential]
    /// How long the platform takes for what it does later.
    package var delays = Delays()
    /// How often each call may be made.
    package var rateLimits = RateLimits.documented
    /// What every call to an API takes beside what it does, as the way there and back would.
    package var latency = Duration.zero
    /// How fresh objects are seen by calls without the affinity cookie.
    package var visibility = Visibility()
    /// What the reference leaves open.
    package var choices = Choices()
    /// What runs in a machine.
    package var guests: Guests
    /// Where ids, digests and addresses begin; equal seeds and calls give equal answers.
    package var seed: UInt64
    /// The region of the API's edge, taken where a request names none.
    package var edgeRegion = "iad"

    /// A personal organization and one token of it, unless said otherwise, with scripted guests
    /// that listen as soon as they are started.
    package init(
        organizations: [Organization] = [.personal],
        credentials: [Credential] = [Credential(Self.defaultToken, organization: "personal")],
        guests: Guests = .scripted { _ in GuestScript() },
        seed: UInt64 = 1
    ) {
        self.organizations = organizations
        self.credentials = credentials
        self.guests = guests
        self.seed = seed
    }

    /// The one token of a simulator that was given no others: a macaroon of the personal
    /// organization.
    package static let defaultToken = "fm2_lJPECAAAAAAAAAABxBC1c2ltdWxhdGVkLXRva2Vu"
}

/// An organization, which owns apps.
package struct Organization: Hashable, Sendable {
    /// The slug that the API shows and takes.
    package var slug: String
    /// Its real slug, which differs for a personal one.
    package var rawSlug: String
    /// The name people gave it.
    package var name: String
    /// Whether it belongs to one person.
    package var isPersonal: Bool
    /// How many machines it may have at once; nil for no limit.
    package var machineLimit: Int?
    /// How many apps it may have at once; nil for no limit.
    package var appLimit: Int?

    /// An organization that people share.
    package init(
        _ slug: String, name: String? = nil, machineLimit: Int? = nil, appLimit: Int? = nil
    ) {
        self.slug = slug
        rawSlug = slug
        self.name = name ?? slug
        isPersonal = false
        self.machineLimit = machineLimit
        self.appLimit = appLimit
    }

    /// The organization of one person, with the slug `personal`.
    package static var personal: Organization {
        var organization = Organization("personal", name: "Jo Doe")
        organization.rawSlug = "jo-doe"
        organization.isPersonal = true
        return organization
    }
}

/// A token and what it allows.
package struct Credential: Hashable, Sendable {
    /// The two kinds of token, told apart by prefix (reference, section 1.2).
    package enum Kind: String, Sendable {
        case macaroon
        case oauth
    }

    /// The token itself, without a scheme.
    package var text: String
    /// The slugs of the organizations it is good for, its own first.
    package var organizations: [String]
    /// The only apps it is good for, as a deploy token has them; nil for all of the organization.
    package var apps: Set<String>?
    /// Whether it may read the values of secrets.
    package var readsSecrets: Bool
    /// Who it says it is, as `owner` of a lease.
    package var owner: String

    /// A token for an organization, or for some of its apps only.
    package init(
        _ text: String, organization: String, apps: Set<String>? = nil, readsSecrets: Bool? = nil,
        owner: String = "preview-tests@tokens.fly.io"
    ) {
        self.text = text
        organizations = [organization]
        self.apps = apps
        self.readsSecrets = readsSecrets ?? (apps == nil)
        self.owner = owner
    }

    /// The kind its prefix says.
    package var kind: Kind { Self.kind(of: text) }

    static func kind(of text: some StringProtocol) -> Kind {
        ["fm1r_", "fm1a_", "fm2_"].contains { text.hasPrefix($0) } ? .macaroon : .oauth
    }
}

/// How long the platform takes, in simulated time. The figures of the reference where it has them.
package struct Delays: Hashable, Sendable {
    /// From `created` until the image is there and the machine is `starting`.
    package var prepare = Duration.seconds(1.5)
    /// From `starting` to `started`.
    package var boot = Duration.seconds(0.8)
    /// How long `start` is refused after a create with `skip_launch` (section 4.6).
    package var createWindow = Duration.seconds(9)
    /// The same after an update.
    package var updateWindow = Duration.seconds(3.5)
    /// In `replacing`, once the old version has ended.
    package var replace = Duration.seconds(0.8)
    /// How long `start` is refused after a stop, while the state reads `stopped` already.
    package var stillActive = Duration.seconds(1.5)
    /// In `suspending`.
    package var suspend = Duration.seconds(0.5)
    /// From `starting` to `started` out of a snapshot.
    package var resume = Duration.seconds(0.3)
    /// In `restarting` after a crash, before the next start.
    package var restart = Duration.seconds(0.5)
    /// In `destroying`.
    package var destroy = Duration.seconds(1)
    /// How long GET still says `destroying` when a wait has already seen `destroyed`.
    package var destroyEcho = Duration.seconds(0.5)
    /// How long an app that was deleted can still be seen.
    package var appDeletion = Duration.seconds(2)
    /// How long its name stays taken after that.
    package var nameRelease = Duration.seconds(5)
    /// Until the name of an app with an address resolves.
    package var nameResolution = Duration.seconds(2)
    /// Until a machine that boots sees new secrets, unless it asks for their version.
    package var secrets = Duration.seconds(1)
    /// How far the listing of an organization's machines lags behind.
    package var organizationListing = Duration.seconds(5)
    /// Between two looks of the proxy for idle machines ("every few minutes").
    package var autostopPass = Duration.seconds(180)
    /// How long the proxy holds a request for a machine that starts; not scaled.
    package var autostartHold = Duration.seconds(60)
    /// How long it tries to connect to a machine that does not listen; not scaled.
    package var connectPatience = Duration.seconds(5)
    /// For how long the proxy leases a machine that it starts.
    package var proxyLease = Duration.seconds(1)
    /// How long a destroyed machine can still be read; not scaled.
    package var destroyedRetention = Duration.seconds(3600)
    /// How long a cursor is good for; not scaled.
    package var cursorLife = Duration.seconds(1800)

    /// The documented figures, or measured ones, or plausible ones.
    package init() {}

    /// The same delays made longer or shorter. What a client agrees on with the platform, such as
    /// the life time of a lease, the limit of a wait or a rate limit, is no delay and stays.
    package func scaled(by factor: Double) -> Delays {
        var scaled = self
        let delays: [WritableKeyPath<Delays, Duration>] = [
            \.prepare, \.boot, \.createWindow, \.updateWindow, \.replace, \.stillActive, \.suspend,
            \.resume, \.restart, \.destroy, \.destroyEcho, \.appDeletion, \.nameRelease,
            \.nameResolution, \.secrets, \.organizationListing, \.autostopPass, \.proxyLease,
        ]
        for delay in delays { scaled[keyPath: delay] = self[keyPath: delay] * factor }
        return scaled
    }
}

/// How fresh apps and machines are seen by GET and list calls that do not send the affinity cookie
/// (reference, section 1.3).
package struct Visibility: Hashable, Sendable {
    /// How many such calls miss the object.
    package var missedReads = 1
    /// After which time it is seen in any case.
    package var duration = Duration.seconds(3)
    /// What GET of an app answers meanwhile: 404, or 401, which occurs as well (section 1.8).
    package var appStatus = 404

    /// One missed read, unless changed.
    package init() {}

    /// Everything is seen at once.
    package static var immediate: Visibility {
        var visibility = Visibility()
        visibility.missedReads = 0
        return visibility
    }
}

/// What the reference leaves open (section 15); each value can be had by a client that must not
/// depend on it.
package struct Choices: Hashable, Sendable {
    /// The state a machine rests in after a create or update with `skip_launch`.
    package enum Rest: String, Sendable {
        case created
        case stopped
    }

    /// What a second request for the same free address does.
    package enum SecondAddress: String, Sendable {
        /// The app gets another one.
        case another
        /// The first one is answered again.
        case same
        /// 409.
        case refused
    }

    /// The resting state after `skip_launch`.
    package var rest = Rest.created
    /// A second `shared_v4` or `v6` of one app.
    package var secondAddress = SecondAddress.another
    /// Whether `POST /v1/apps` answers with the whole app even without `wait=true`.
    package var createAnswersWholeApp = false

    /// The stricter reading of each point.
    package init() {}
}
