extension Explanation {
    static let tokenWrong = Explanation(
        title: "The token is missing or wrong",
        meaning: """
            Every call of the server's API needs a token, so that nobody but its users can start \
            anything. The server keeps digests only and cannot tell a token again.
            """,
        causes: [
            "the request has no `Authorization: Bearer` header", "the token was revoked",
            "the server was started anew and the token was the one printed at its last start",
        ],
        remedies: [
            "open the address that the server printed at its start",
            "make a token that lasts: `preview token create`",
        ],
        kind: .authentication
    )

    static let foreignRequest = Explanation(
        title: "The request comes from a page that may not make it",
        meaning: """
            The server answers only under its own names, and only its own page may call it from a \
            browser. Otherwise any page that is open beside it could start things.
            """,
        causes: [
            "a page of another origin called the API",
            "the server was asked for under a name it does not know, as behind a proxy",
        ],
        remedies: [
            "let the page in: `preview serve --allow-origin https://portal.example`",
            "make the name known: `preview serve --allow-host previews.example`",
        ],
        kind: .refused
    )

    static let repositoryNotAllowed = Explanation(
        title: "The repository is not allowed on this server",
        meaning: """
            What a server runs is decided by whoever starts it: the repository of its preview.yaml, \
            and those it was told to allow.
            """,
        causes: ["the repository was not allowed when the server was started"],
        remedies: ["allow it: `preview serve --allow-repo github.com/acme/*`"],
        kind: .refused
    )

    static let tooManyRequests = Explanation(
        title: "Too many requests",
        meaning: """
            One user may make only so many requests in a second, so that the server has time for \
            the others.
            """,
        causes: ["a program asks again and again in a loop"],
        remedies: [
            "follow the event stream instead of asking again",
            "wait as long as the answer's Retry-After says",
        ],
        kind: .refused
    )

    static let badRequest = Explanation(
        title: "The request cannot be understood",
        meaning: """
            A parameter is missing or not what it has to be. The message names it. Nothing was \
            changed.
            """,
        causes: ["a slip in the program that made the call"],
        remedies: ["look at /openapi.json of the server, which describes every call"],
        kind: .usage
    )

    static let noSuchPage = Explanation(
        title: "There is nothing at this address",
        meaning: "The server has no page and no call of this path.",
        causes: ["a slip in the address", "a program written for another version"],
        remedies: ["look at /openapi.json of the server, which lists every call"],
        kind: .usage
    )

    static let serverMissing = Explanation(
        title: "The server program is missing",
        meaning: """
            `preview serve` starts preview-server, a program of its own that lies in the same folder \
            as preview. It is not there.
            """,
        causes: ["only one of the two programs was installed or copied"],
        remedies: ["install both, as `make install` does"],
        kind: .failed
    )

    static let cannotListen = Explanation(
        title: "The server cannot listen",
        meaning: """
            The server could not take its port, or its certificate or key cannot be used. Nothing \
            was started.
            """,
        causes: [
            "another program, perhaps another server, uses the port",
            "the address is none of this machine",
        ],
        remedies: ["choose another port: `preview serve --port 4748`"],
        kind: .failed
    )

    static let serverStopping = Explanation(
        title: "The server is stopping",
        meaning: """
            The server was asked to end. It begins nothing any more and ends what is under way, so \
            that it can be resumed.
            """,
        causes: ["the server was asked to stop while the call was made"],
        remedies: ["call again when the server is back; nothing was changed"],
        kind: .failed
    )

    static let tokenUnknown = Explanation(
        title: "There is no such token",
        meaning: "No token of this name is known to the server's folder, so none was revoked.",
        causes: ["a slip in the name", "the token was revoked before"],
        remedies: ["see those there are: `preview token list`"],
        kind: .usage
    )
}
