extension Explanation {
    static let clocksDiffer = Explanation(
        title: "The clocks differ",
        meaning: """
            This machine's clock and that of the provider or of the store are apart. Times of life \
            are then judged by the provider's clock; far apart, leases look expired while they are \
            held, and signed requests are refused.
            """,
        causes: [
            "the clock is not set from the network", "a virtual machine that slept",
            "the other clock is wrong: compare with a third one",
        ],
        remedies: ["set it from the network: `timedatectl set-ntp true`", "see `preview doctor`"],
        kind: .failed
    )

    static let diskAlmostFull = Explanation(
        title: "The disk is almost full",
        meaning: """
            A boot needs room for the checkout, the dependencies and the build, and a run for its \
            record and its logs. There is little left of it, in bytes or in files.
            """,
        causes: [
            "old previews on this machine", "dependencies and builds of many branches",
            "something else on the same disk",
        ],
        remedies: [
            "take previews away that are over: `preview prune --dry-run`, then `preview prune`",
            "keep the records on another disk: `preview apply --state FOLDER`",
        ],
        kind: .failed
    )

    static let strayProcesses = Explanation(
        title: "Something runs that no record knows",
        meaning: """
            Processes of a preview on this machine are there whose record is gone, or says that the \
            preview was destroyed. Nobody would end them, and their port is taken.
            """,
        causes: [
            "the record was removed by hand while the preview was running",
            "an older record was put in its place",
        ],
        remedies: [
            "end them: `preview doctor` shows the `kill` command",
            "or bring the record back: `preview state restore`, then `preview destroy`",
        ],
        kind: .failed
    )
}
