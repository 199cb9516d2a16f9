extension Explanation {
    static let stepOrder = Explanation(
        title: "An earlier step is missing",
        meaning: """
            A step may run only when all earlier ones are completed and still fit the configuration. \
            The message names those that are missing.
            """,
        causes: [
            "`--step N` before the steps below N", "an earlier step failed",
            "the branch has moved, or preview.yaml was changed: an earlier step has to run again",
        ],
        remedies: [
            "see where it stands: `preview plan`",
            "run the steps up to N: `preview apply --through N`",
        ],
        kind: .failed
    )

    static let declined = Explanation(
        title: "Not approved",
        meaning: """
            A step or the destruction was asked for and the answer was not yes. Nothing of it was \
            done; steps that had finished before stay as they are.
            """,
        causes: ["the answer was no, or empty", "the terminal was closed at the question"],
        remedies: ["go on when you are ready: `preview apply`"],
        kind: .notApproved
    )

    static let nobodyToAsk = Explanation(
        title: "A yes is needed and nobody can be asked",
        meaning: """
            Nothing runs that nobody asked for. Standard input is no terminal, or the environment \
            says CI, so that the question cannot be put.
            """,
        causes: ["a CI job or a script", "input from a pipe or a file", "--non-interactive"],
        remedies: [
            "say yes beforehand: `preview apply --yes`, or PREVIEW_YES=1",
            "or run it in a terminal",
        ],
        kind: .notApproved
    )

    static let stalePlan = Explanation(
        title: "The saved plan no longer fits",
        meaning: """
            Something that the plan was made from has changed: the configuration, the record, the \
            branch or what is running. What was approved is not what would happen, so nothing was \
            done. The differences are shown.
            """,
        causes: [
            "preview.yaml was edited", "the branch has a new commit", "another run came in between",
            "the app or its machine changed by itself",
        ],
        remedies: [
            "make a new plan: `preview plan --out plan.json`",
            "read it, then `preview apply plan.json`",
        ],
        kind: .stalePlan
    )

    static let tooManyPreviews = Explanation(
        title: "Too many previews",
        meaning: """
            `limits: { max_previews: … }` in preview.yaml says how many previews may be recorded at \
            once. No flag overrides it.
            """,
        causes: ["previews of branches that are long merged were never destroyed"],
        remedies: [
            "see them: `preview list`",
            "destroy what is past its time or merged: `preview prune`, `preview prune --merged`",
            "destroy one that is not needed: `preview destroy APP`",
            "or raise the limit in preview.yaml",
        ],
        kind: .refused
    )

    static let planUnreadable = Explanation(
        title: "The plan file cannot be used",
        meaning: """
            The file is not there, is not a plan, or is a plan of another format or of another \
            preview.
            """,
        causes: [
            "a misspelt path", "the output of `plan --json`, which is for reading only",
            "it was edited, or made by another version",
        ],
        remedies: ["make a new one: `preview plan --out plan.json`"],
        kind: .usage
    )

    static let sessionCancelled = Explanation(
        title: "The session was cancelled",
        meaning: """
            `preview cancel` was said while a run was under way. The run noticed at its next save, \
            recorded what it knew and stopped.
            """,
        causes: ["`preview cancel` in another terminal"],
        remedies: ["see where it stands: `preview status`", "go on: `preview apply`"],
        kind: .failed
    )

    static let leftovers = Explanation(
        title: "Something is left after destroy",
        meaning: """
            After undoing all steps the provider was asked once more, and something of this preview \
            is still there. What was taken away stays away; the rest is named and stays recorded. \
            `preview prune` ends with it when one of its previews could not be destroyed, for \
            whatever reason, which it names.
            """,
        causes: [
            "a process that does not end", "files that another user owns",
            "the provider did not answer in between", "another run was working on it (prune)",
        ],
        remedies: ["run it again: `preview destroy`", "if it stays, remove what is named by hand"],
        kind: .leftovers
    )

    static let planKeepsMoving = Explanation(
        title: "What would be done keeps changing",
        meaning: """
            Before each step what was shown is compared with what is there now. It was different \
            again and again, so nothing was run: only what was approved is run.
            """,
        causes: [
            "somebody pushes to the branch all the time", "two runs change each other's facts",
        ],
        remedies: ["wait until it has settled: `preview plan`", "then `preview apply`"],
        kind: .failed
    )

    static let destroyedMeanwhile = Explanation(
        title: "The preview was destroyed meanwhile",
        meaning: """
            While this run waited or worked, another one destroyed the preview. An older run does \
            not bring it back to life.
            """,
        causes: ["`preview destroy` in another terminal or by CI"],
        remedies: ["set it up again, if that is wanted: `preview apply`"],
        kind: .locked
    )

    static let hookFailed = Explanation(
        title: "A hook failed",
        meaning: """
            A command under `hooks` ended with an error or took too long. It is reported and undoes \
            nothing: the steps stay as they are.
            """,
        causes: ["the script is not executable or not there", "a fault in the script"],
        remedies: [
            "run it by hand with PREVIEW_URL and PREVIEW_APP_NAME set",
            "see its output: `preview logs`",
        ],
        kind: nil
    )

    static let usage = Explanation(
        title: "Wrong usage",
        meaning: "The command line has a word, a flag or a value that does not fit.",
        causes: ["a misspelling", "flags that exclude each other", "a value of another form"],
        remedies: ["see the command with examples: `preview help COMMAND`"],
        kind: .usage
    )

    static let interrupted = Explanation(
        title: "Interrupted",
        meaning: """
            The run ended by Ctrl-C, a closed terminal or a signal, or it was killed and nobody \
            holds its lock any more. What was begun is recorded and can be gone on with.
            """,
        causes: ["Ctrl-C", "a closed terminal", "a cancelled CI job", "a restart of the machine"],
        remedies: ["see where it stands: `preview status`", "go on: `preview apply`"],
        kind: .interrupted(signal: 2)
    )

    static let timedOut = Explanation(
        title: "It took too long",
        meaning: """
            A wait reached its limit. That never counts as success; what is known by then is \
            recorded, and running it again goes on from there.
            """,
        causes: ["--timeout is too short for a first boot", "something hangs"],
        remedies: [
            "give it more time: `preview apply --timeout 30m`",
            "see where the time went: `preview history`, `preview logs`",
        ],
        kind: .timedOut
    )

    static let internalError = Explanation(
        title: "A fault of preview itself",
        meaning: """
            Something happened that should not be possible, or that nobody has given a code yet. \
            What was begun is recorded.
            """,
        causes: ["a fault in the program", "a situation that it does not know"],
        remedies: [
            "run the command again with -v -v and keep what it says",
            "report it with that output and `preview version`",
        ],
        kind: .failed
    )
}
