extension Explanation {
    static let allocationFailed = Explanation(
        title: "The machine could not be allocated",
        meaning: """
            Step 2 did not get what the preview needs to run: its name, its folder or its port. What \
            had been reserved stays recorded, and another try goes on from there.
            """,
        causes: [
            "the folder of the record cannot be written", "no port is free",
            "the provider refused or did not answer",
        ],
        remedies: [
            "see what is recorded: `preview status`",
            "try again: `preview apply --step 2`",
        ],
        kind: .failed
    )

    static let noFreePort = Explanation(
        title: "The preview's port is taken",
        meaning: """
            The port of a local preview follows from its app name, so that its URL stays the same. \
            Another process listens on it. Before a preview has its machine the next free port is \
            taken and the plan warns; afterwards the port is fixed.
            """,
        causes: [
            "another program listens on that port",
            "a process of an earlier run that was started outside preview",
        ],
        remedies: [
            "see who it is: `ss -ltnp 'sport = :PORT'`, and end it",
            "or give the preview another port: `preview destroy`, then `preview apply`",
        ],
        kind: .failed
    )

    static let foreignObject = Explanation(
        title: "The name is used by something that is not ours",
        meaning: """
            Something of the name that the preview needs exists, and it does not carry this \
            preview's mark. It is left alone: nothing that was not made by this preview is changed \
            or taken away.
            """,
        causes: [
            "something was made by hand under that name",
            "the mark of what was made was changed or removed",
        ],
        remedies: [
            "see what is recorded here: `preview list`",
            "use the record that it belongs to, with --state, or remove it where it was made",
        ],
        kind: .stateNeedsRecovery
    )

    static let machineGone = Explanation(
        title: "The machine is gone",
        meaning: """
            The record says that the preview has a machine, and it is not there any more. The next \
            plan shows it as drift and makes a new one.
            """,
        causes: ["its folder under .preview was deleted", "it was removed by other means"],
        remedies: [
            "see what has to be done again: `preview plan`", "do it: `preview apply`",
            "or forget it: `preview destroy`",
        ],
        kind: .failed
    )

    static let recordedElsewhere = Explanation(
        title: "Another record has this preview",
        meaning: """
            The app or machine that the preview needs was made of the same repository and branch, \
            and another record says so: a team-mate's, or one of this machine that was lost. It is \
            left alone until a person says that this record may take it over.
            """,
        causes: [
            "a team-mate or a CI run set up a preview of the same branch",
            "the record that it belongs to was deleted or is in another state folder",
        ],
        remedies: [
            "take it over: `preview apply --adopt`; the other record then no longer owns it",
            "or use the record that it belongs to, with --state",
        ],
        kind: .stateNeedsRecovery
    )

    static let otherHost = Explanation(
        title: "The preview runs on another machine",
        meaning: """
            A local preview belongs to the machine that it was made on, and the record says that \
            this is another one. It can be looked at from here, but not changed.
            """,
        causes: [
            "the record is in a folder that several machines share",
            "the machine's host name was changed",
        ],
        remedies: [
            "run the command on the machine that is named",
            "for a preview on this machine use a record of its own: `preview apply --state FOLDER`",
        ],
        kind: .stateNeedsRecovery
    )

    static let otherProvider = Explanation(
        title: "The preview was made with another provider",
        meaning: """
            The record says that the preview's machine is with one provider, and the configuration \
            asks for another. A machine cannot move between providers, and two of them for one \
            preview would be one too many.
            """,
        causes: ["`provider` was changed in preview.yaml", "--provider or --local was given"],
        remedies: [
            "go on with the provider it was made with",
            "or take it away and begin again: `preview destroy`, then `preview apply`",
        ],
        kind: .failed
    )

    static let settingsFailed = Explanation(
        title: "The settings could not be applied",
        meaning: """
            Step 3 could not write the settings of the machine: environment, size or times. The app \
            goes on with the settings it had.
            """,
        causes: ["the folder of the preview cannot be written", "the disk is full"],
        remedies: [
            "see the details: `preview logs --step 3`",
            "try again: `preview apply --step 3`",
        ],
        kind: .failed
    )

    static let secretMissing = Explanation(
        title: "A secret is not available here",
        meaning: """
            A name under `secrets` has no value in this environment, nor in the .env file; or the \
            file it comes from cannot be read. Values are never recorded, so that each run has to \
            find them anew.
            """,
        causes: [
            "the variable is not exported in this shell or CI job",
            ".env is in another folder than preview.yaml",
            "the file after `from: file:` is not there",
        ],
        remedies: [
            "export it, or add `NAME=value` to the .env file beside preview.yaml",
            "name another file: `preview apply --env-file FILE`",
            "see which names are expected: `preview plan`",
        ],
        kind: .failed
    )

    static let environmentFile = Explanation(
        title: "A file of variables is missing or cannot be read",
        meaning: """
            The file after --env-file is not there, or a line of it or of .env is not NAME=value. As \
            a warning of the plan it means that .env.example names variables that nothing sets.
            """,
        causes: [
            "a misspelt path", "a line without an = sign, or with a quote that is never closed",
            "a variable that was added to .env.example only",
        ],
        remedies: [
            "correct the line that is named",
            "add the missing names to `env` or `secrets` in preview.yaml",
        ],
        kind: .invalidConfig
    )
}
