extension Explanation {
    static let cloneFailed = Explanation(
        title: "The commit could not be brought to the machine",
        meaning: """
            The first phase of step 4 fetches exactly the planned commit, and it did not succeed. \
            Nothing was installed or started.
            """,
        causes: [
            "the disk is full", "the repository cannot be read any more",
            "a plain folder has a file that cannot be read",
        ],
        remedies: [
            "see git's own words: `preview logs --step 4`",
            "try again: `preview apply --step 4`",
        ],
        kind: .failed
    )

    static let installFailed = Explanation(
        title: "The install command failed",
        meaning: """
            The command that installs the dependencies ended with an error. Its last lines are shown \
            with the message; the checkout and the whole log stay.
            """,
        causes: [
            "a version that does not exist, or does not fit this version of the language",
            "a lock file that does not match its manifest", "no network, or a private registry",
            "a system library or compiler that a package needs",
        ],
        remedies: [
            "see the whole output: `preview logs --step 4 --tail 1000`",
            "run it by hand in a fresh clone of the branch",
            "use another command: `run: { install: … }` in preview.yaml",
            "then `preview apply --step 4`",
        ],
        kind: .failed
    )

    static let appEnded = Explanation(
        title: "The app ended",
        meaning: """
            The start command ran and ended before the app answered. A preview is ready only when \
            its URL has answered, so the step failed; none of its processes is left.
            """,
        causes: [
            "a dependency that is not declared: `Cannot find module`, `ModuleNotFoundError`",
            "a variable or a secret that the app needs and does not get",
            "a database or a service that is not there", "a fault in the app itself",
        ],
        remedies: [
            "see its last words: `preview logs --step 4`",
            "add what is missing to the dependencies, to `env` or to `secrets`",
            "commit, push and try again: `preview apply`",
        ],
        kind: .failed
    )

    static let buildFailed = Explanation(
        title: "The build command failed",
        meaning: """
            The dependencies are installed, and the command that builds the app ended with an error. \
            Its last lines are shown with the message.
            """,
        causes: [
            "an error in the source: types, syntax, a test that is part of the build",
            "a variable that the build needs", "too little memory",
        ],
        remedies: [
            "see the whole output: `preview logs --step 4 --tail 1000`",
            "set what it needs under `env`, or another command: `run: { build: … }`",
            "commit, push and try again: `preview apply`",
        ],
        kind: .failed
    )

    static let neverListened = Explanation(
        title: "The app runs but never listened",
        meaning: """
            The app was started and is alive, but opened no port within the time of \
            `timeouts: { start: … }`. At the limit of a wait nothing counts as success.
            """,
        causes: [
            "it waits for something, such as a database", "it is a worker without a web server",
            "it takes longer to start than it is given",
        ],
        remedies: [
            "see what it is doing: `preview logs --step 4`",
            "give it more time: `timeouts: { start: 5m }`",
            "check the start command: `run: { start: … }`",
        ],
        kind: .timedOut
    )

    static let wrongPort = Explanation(
        title: "The app listens on another port",
        meaning: """
            The app gets its port in the variable PORT and listens on another one. The message names \
            the sockets that were found.
            """,
        causes: ["a port that is written into the source or the start command"],
        remedies: [
            "let the app listen on PORT, for example `process.env.PORT` or `--port $PORT`",
            "or say which one it uses: `run: { port: … }`",
        ],
        kind: .failed
    )

    static let serverError = Explanation(
        title: "The app answers with an error",
        meaning: """
            The app listens and answers, but with a status of 500 or above on the page that is \
            asked. Such an app is not ready.
            """,
        causes: [
            "a variable, a secret or a database that is missing", "migrations that were not run",
            "the start page itself is at fault",
        ],
        remedies: [
            "see its error: `preview logs --step 4`",
            "ask another page: `health: { path: /healthz }`",
        ],
        kind: .failed
    )

    static let redirectLoop = Explanation(
        title: "The app redirects for ever",
        meaning: """
            Each answer leads to another address and never to a page. The addresses are shown with \
            the message.
            """,
        causes: [
            "the app insists on https, which a local preview does not have",
            "it insists on another host name", "a page that redirects to itself",
        ],
        remedies: [
            "switch that off for previews; the app sees PREVIEW=true",
            "ask a page that answers by itself: `health: { path: … }`",
        ],
        kind: .failed
    )

    static let noAnswer = Explanation(
        title: "The app listens but does not answer",
        meaning: """
            A connection is accepted, and no complete HTTP answer came within the time of \
            `health: { timeout: … }`.
            """,
        causes: [
            "the first answer takes very long, such as a page that is compiled first",
            "it does not speak HTTP", "it is stuck",
        ],
        remedies: [
            "see what it is doing: `preview logs --step 4`",
            "give it more time: `health: { timeout: 5m }`, or ask a lighter page: `health: { path: … }`",
        ],
        kind: .timedOut
    )

    static let startCommandMissing = Explanation(
        title: "There is no start command",
        meaning: """
            Nothing says how the app is started: detection found no start command, and preview.yaml \
            gives none. For a static site, the folder that is to be served is not there.
            """,
        causes: [
            "a library, which has nothing to start", "package.json without a `start` script",
            "the application is in a subfolder", "a build that writes into another folder",
        ],
        remedies: [
            "write it down: `run: { start: … }`", "use the dev server: `run: { mode: dev }`",
            "choose the application's folder: `path: …`", "see what was found: `preview detect`",
        ],
        kind: .failed
    )

    static let wentToBackground = Explanation(
        title: "The start command ended and left the app behind",
        meaning: """
            The start command has to stay as long as the app runs. This one ended and left a process \
            in the background, where it cannot be watched, restarted or stopped.
            """,
        causes: ["`&` or `nohup` in the start command", "an option such as --daemon"],
        remedies: ["start it in the foreground: `run: { start: … }` without those"],
        kind: .failed
    )

    static let wrongCommit = Explanation(
        title: "The checkout is not at the planned commit",
        meaning: """
            After install and build the checkout stood at another commit than the one that was \
            planned and approved. It was not started.
            """,
        causes: ["a command that runs `git pull` or `git checkout`"],
        remedies: [
            "remove that from the install and build commands", "then `preview apply --step 4`",
        ],
        kind: .failed
    )

    static let endedAfterAnswer = Explanation(
        title: "The app answered and then ended",
        meaning: """
            The app answered the probe and ended right afterwards. A preview that would be gone in a \
            moment is not called ready.
            """,
        causes: [
            "a fault that the first request brings out", "a server that serves one request only",
            "too little memory",
        ],
        remedies: ["see its last words: `preview logs --step 4`", "then `preview apply --step 4`"],
        kind: .failed
    )

    static let cloneTimeout = Explanation(
        title: "The clone took too long",
        meaning: "The commit was not there within the time of `timeouts: { clone: … }`.",
        causes: ["a slow network", "a very large repository"],
        remedies: [
            "give it more time: `timeouts: { clone: 10m }`", "then `preview apply --step 4`",
        ],
        kind: .timedOut
    )

    static let installTimeout = Explanation(
        title: "The install command took too long",
        meaning: """
            The dependencies were not installed within the time of `timeouts: { install: … }`. The \
            command and all that it started were ended.
            """,
        causes: [
            "a slow network or registry", "packages that are compiled", "a command that asks",
        ],
        remedies: [
            "see where it stood: `preview logs --step 4`",
            "give it more time: `timeouts: { install: 30m }`",
        ],
        kind: .timedOut
    )

    static let buildTimeout = Explanation(
        title: "The build command took too long",
        meaning: """
            The build was not done within the time of `timeouts: { build: … }`. The command and all \
            that it started were ended.
            """,
        causes: ["a large build", "a build that watches for changes and never ends"],
        remedies: [
            "see where it stood: `preview logs --step 4`",
            "give it more time: `timeouts: { build: 30m }`, or use one that ends: `run: { build: … }`",
        ],
        kind: .timedOut
    )

    static let supervisorLost = Explanation(
        title: "The supervisor is not there",
        meaning: """
            A local preview is watched by a supervisor, this same program in the background. It \
            could not begin, or ended without saying how the boot went.
            """,
        causes: [
            "it was killed, or the machine was restarted", "another one of this preview still runs",
            "the folder of the record cannot be written",
        ],
        remedies: [
            "see the state: `preview status`", "start it again: `preview start`",
            "or boot anew: `preview apply --step 4`",
        ],
        kind: .failed
    )

    static let bootInterrupted = Explanation(
        title: "The boot was interrupted",
        meaning: """
            Step 4 was stopped before it was done, by Ctrl-C, a signal or `preview stop`. None of \
            its processes is left.
            """,
        causes: ["Ctrl-C", "a CI job that was cancelled", "`preview stop` from elsewhere"],
        remedies: ["run it again: `preview apply --step 4`"],
        kind: .failed
    )

    static let commandNotFound = Explanation(
        title: "A command names a program that is not there",
        meaning: """
            An install, build or start command needs a program that this machine does not have. On \
            this machine nothing is installed besides the project's own dependencies.
            """,
        causes: [
            "the language or package manager is not installed here",
            "a tool that the project does not declare as a dependency", "a misspelling",
        ],
        remedies: [
            "install the program, or name one that is here: `run: { install: …, start: … }`",
            "then `preview apply --step 4`",
        ],
        kind: .failed
    )
}
