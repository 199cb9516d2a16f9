/// What can go wrong at a provider that is reached over the network.
extension Explanation {
    static let tokenMissing = Explanation(
        title: "Fly.io token not configured",
        meaning: """
            The provider `fly` needs a token to act for you, and none is in the environment. It is \
            read from FLY_API_TOKEN or FLY_ACCESS_TOKEN, used for the calls of this command, and \
            written down nowhere.
            """,
        causes: [
            "the variable is not exported in this shell or CI job",
            "it has another name, such as one meant for browsers",
        ],
        remedies: [
            "make one with Fly's own tool: `fly tokens create org`, and export it as FLY_API_TOKEN",
            "or run the preview on this machine: `preview apply --local`",
        ],
        kind: .authentication
    )

    static let providerRefused = Explanation(
        title: "The provider refused the token",
        meaning: """
            The token is not valid, has expired, or does not allow what was asked. What is recorded \
            stays as it is, and the same command goes on with a better token.
            """,
        causes: [
            "the token expired or was revoked",
            "a deploy token, good for one app only, where an app must be made",
            "the app belongs to another organization than the token",
        ],
        remedies: [
            "make a token for the organization: `fly tokens create org`",
            "name the organization: export FLY_ORG",
        ],
        kind: .authentication
    )

    static let regionFull = Explanation(
        title: "No region has room",
        meaning: """
            The provider has no host with room for a machine of this size in any region that the \
            configuration names. Nothing was made that is still there.
            """,
        causes: [
            "the region is full at the moment; sjc, gru and bom often are",
            "the machine is larger than what any host there has left",
        ],
        remedies: [
            "name several regions in order of preference: `region: [dfw, iad, ord]`",
            "take a smaller size, or try again later: `preview apply --step 2`",
        ],
        kind: .failed
    )

    static let machineLimit = Explanation(
        title: "The organization has reached its limit",
        meaning: """
            The provider allows an organization a number of machines and apps, and this one has them \
            all.
            """,
        causes: ["previews or other apps that nobody needs any more"],
        remedies: [
            "see what is recorded here and take away what is not needed: `preview list`, "
                + "`preview destroy APP`",
            "or ask the provider for a higher limit",
        ],
        kind: .failed
    )

    static let imageUnknown = Explanation(
        title: "The image is not known",
        meaning: """
            The machine is to be made from an image that the provider could not find. Without \
            `run: { image: … }` it follows from the language's version.
            """,
        causes: [
            "a version that no image exists for", "a misspelt image name or tag",
            "a private image",
        ],
        remedies: ["name one that exists: `run: { image: node:22 }` in preview.yaml"],
        kind: .failed
    )

    static let providerUnreachable = Explanation(
        title: "The provider could not be reached",
        meaning: """
            There was no answer, or the connection broke. Where something was being made, whether it \
            was made is found out by the next run, which makes nothing twice.
            """,
        causes: [
            "no network, or a proxy that is not set in https_proxy", "an outage at the provider",
        ],
        remedies: [
            "look at the provider's status page", "run the same command again: it goes on",
        ],
        kind: .failed
    )

    static let providerTimeout = Explanation(
        title: "The provider took too long",
        meaning: """
            A wait with a name and a limit ran out: for a machine to start, for an address to be \
            known, or for calls to be allowed again.
            """,
        causes: [
            "the provider is slow or limits the calls of the organization",
            "a large image is being fetched for the first time",
        ],
        remedies: [
            "run the same command again: it goes on where it stopped",
            "give the step more time, in `timeouts` of preview.yaml",
        ],
        kind: .timedOut
    )

    static let machineBusy = Explanation(
        title: "Somebody else is changing the machine",
        meaning: """
            The provider keeps a short lease for whoever changes a machine, and another client holds \
            it; or the machine was changed between looking and writing. Nothing was changed by this \
            run.
            """,
        causes: [
            "another `preview` or Fly's own tool is at work on the machine",
            "a run that was killed holds the lease for some seconds more",
        ],
        remedies: ["wait a moment and run the same command again"],
        kind: .locked
    )

    static let namesTaken = Explanation(
        title: "Every name for the app is taken",
        meaning: """
            App names are shared by all of the provider's customers. The names that this preview \
            could have all belong to somebody else.
            """,
        causes: ["another organization of yours has previews of the same branch"],
        remedies: [
            "give the project another name: `name:` in preview.yaml",
            "or use the organization that has them: export FLY_ORG",
        ],
        kind: .failed
    )

    static let providerError = Explanation(
        title: "The provider answered with an error",
        meaning: """
            The provider did not do what it was asked, for the reason that is shown. The request id \
            is what its support asks for.
            """,
        causes: ["a fault at the provider", "a request that this version of the tool got wrong"],
        remedies: [
            "run the same command again: it goes on where it stopped",
            "if it stays, report it with the request id",
        ],
        kind: .failed
    )

    static let notImportable = Explanation(
        title: "The app cannot be imported",
        meaning: """
            `preview import APP` takes one app with exactly one machine into a record that has none. \
            What was found is something else. Nothing was changed.
            """,
        causes: [
            "a slip in the name, or an app that is gone",
            "the app belongs to another organization than the token",
            "it has no machine, or several, or no public address",
            "this preview has a machine of its own already",
            "the provider is `local`, where nothing outlives its record",
        ],
        remedies: [
            "see what there is with Fly's own tool: `fly apps list`, `fly machine list --app APP`",
            "leave one machine in the app, and import it then",
            "see what is recorded here: `preview status`",
        ],
        kind: .failed
    )

    static let tooExpensive = Explanation(
        title: "The previews would cost too much",
        meaning: """
            `limits: { max_monthly_cost: … }` in preview.yaml says what all recorded previews \
            together may cost a month, in US dollars and as if they were never idle. No flag \
            overrides it.
            """,
        causes: [
            "a larger machine than before", "previews that nobody needs any more",
        ],
        remedies: [
            "see what costs: `preview plan`, `preview list`",
            "take a smaller size, destroy a preview, or raise the limit in preview.yaml",
        ],
        kind: .refused
    )
}
