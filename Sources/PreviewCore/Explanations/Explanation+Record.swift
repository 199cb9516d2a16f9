extension Explanation {
    static let stateDamaged = Explanation(
        title: "The record is damaged",
        meaning: """
            The file that records the preview is empty, cut or altered. It is never taken for \
            \"nothing exists\", because the app it describes may well be running. Up to five earlier \
            versions are kept beside it.
            """,
        causes: ["it was edited by hand", "a disk fault", "a merge or a sync tool changed it"],
        remedies: [
            "see what is wrong and which versions are good: `preview state verify`",
            "go back to the newest good one: `preview state restore`",
        ],
        kind: .stateNeedsRecovery
    )

    static let stateNewer = Explanation(
        title: "The record is of a newer version of preview",
        meaning: """
            The record has a format that this version does not know. It is not touched, so that \
            nothing of it is lost.
            """,
        causes: ["a newer preview wrote it, here or on another machine"],
        remedies: ["use that version; `preview version` shows which this is"],
        kind: .stateNeedsRecovery
    )

    static let stateForeign = Explanation(
        title: "The record belongs to another preview",
        meaning: """
            The record in this place is whole, but it describes another preview, or is not a \
            successor of the versions kept beside it.
            """,
        causes: [
            "a folder of .preview was copied or renamed",
            "a file from elsewhere was put in its place",
        ],
        remedies: [
            "compare: `preview state list`, `preview state show`",
            "go back to a version of this preview: `preview state restore`",
        ],
        kind: .stateNeedsRecovery
    )

    static let locked = Explanation(
        title: "Another run is working on it",
        meaning: """
            Only one run at a time may change a preview. The message says who holds the lock, where, \
            with which command and since when. A lock ends with the process that holds it.
            """,
        causes: ["another terminal or CI job is applying", "a run that waits for something slow"],
        remedies: [
            "wait for it: `preview apply --lock-timeout 5m`",
            "see what it is doing: `preview logs -f`",
            "if its process is really gone: `preview unlock ID`",
        ],
        kind: .locked
    )

    static let writeConflict = Explanation(
        title: "Somebody else changed the record meanwhile",
        meaning: """
            Each write names the version that it replaces, and that was no longer the newest one. \
            Nothing was overwritten.
            """,
        causes: [
            "another run, although there is a lock: on a network folder, or after `unlock`",
            "`preview state restore` or a restored backup at the same time",
        ],
        remedies: ["look at what is there now: `preview status`", "run the command again"],
        kind: .locked
    )

    static let cannotWrite = Explanation(
        title: "The record cannot be written",
        meaning: """
            Without a record nothing is started, because nobody would know of it afterwards. The \
            previous record is intact.
            """,
        causes: [
            "the disk is full", "the folder is read-only or belongs to another user",
            "the disk reported a fault",
        ],
        remedies: [
            "make room: `df -h .`",
            "use a folder that can be written: `preview apply --state FOLDER`",
            "run the command again: it goes on where it stopped",
        ],
        kind: .failed
    )

    static let nothingRecorded = Explanation(
        title: "No such preview is recorded",
        meaning: """
            The command is about a preview that exists already, and the record has none of that name \
            or for that configuration.
            """,
        causes: [
            "it was never applied, or was destroyed",
            "another branch is meant: each has its own preview", "the record is in another folder",
        ],
        remedies: [
            "see what is recorded: `preview list`", "set it up: `preview apply`",
            "look elsewhere: `preview list --state FOLDER`",
        ],
        kind: .failed
    )

    static let unsafeFolder = Explanation(
        title: "The record's folder is not safe",
        meaning: """
            The record must be in a folder of your own. One that belongs to another user, or that is \
            reached through a symbolic link, could be exchanged under the program's hands.
            """,
        causes: [
            "the project was checked out by another user, or with sudo",
            ".preview, or a folder in it, is a symbolic link",
        ],
        remedies: [
            "own it: `chown -R \"$USER\" .preview`",
            "or use a folder of your own: `preview apply --state FOLDER`",
        ],
        kind: .stateNeedsRecovery
    )

    static let cannotRead = Explanation(
        title: "A file cannot be read",
        meaning: """
            A file that is there could not be read: no permission, not an ordinary file, too large, \
            or a fault of the disk.
            """,
        causes: ["it belongs to another user", "a disk fault"],
        remedies: ["look at the file that is named: `ls -l FILE`", "then run the command again"],
        kind: .failed
    )

    static let nothingToRestore = Explanation(
        title: "There is nothing to restore",
        meaning: """
            Either the record is good, and restoring would only lose what came after, or no good \
            earlier version of it is kept.
            """,
        causes: ["the record is not damaged", "the kept versions were deleted or are damaged too"],
        remedies: [
            "see the versions: `preview state list`",
            "go back all the same: `preview state restore --yes`",
        ],
        kind: .stateNeedsRecovery
    )

    static let storeUnavailable = Explanation(
        title: "The store of the record did not answer",
        meaning: """
            The record is kept outside this machine, and what keeps it could not be reached or \
            answered with an error of its own. A step that was under way keeps its attempt, and the \
            next run goes on from there.
            """,
        causes: ["the network, a proxy or the store itself is down", "a wrong address in `state`"],
        remedies: ["look at the store: `preview doctor`", "run the command again"],
        kind: .failed
    )

    static let holderAlive = Explanation(
        title: "The holder of the lock is running",
        meaning: """
            `unlock` is for a lock whose holder is gone. The process that holds this one is alive on \
            this machine, and it is not overridden.
            """,
        causes: ["another terminal is in the middle of a run", "a run is stuck in a long phase"],
        remedies: [
            "wait for it: `preview apply --lock-timeout 5m`",
            "or end it with Ctrl-C or `kill PROCESS`; what it did is recorded",
        ],
        kind: .locked
    )

    static let ambiguousPreview = Explanation(
        title: "It is not clear which preview is meant",
        meaning: """
            No preview.yaml says which preview the command is about, and several are recorded here.
            """,
        causes: [
            "the command was started outside the repository", "--state names a shared folder",
        ],
        remedies: ["see their names: `preview list`", "name one: `preview status APP`"],
        kind: .usage
    )
}

// Records that are kept outside this machine.
extension Explanation {
    static let lockLost = Explanation(
        title: "The lock was lost",
        meaning: """
            A lock in a shared store is a lease that its holder renews. This run could not renew its \
            own in time, and another run may have the lock by now, so nothing more is written.
            """,
        causes: [
            "this machine slept or was cut off from the store", "somebody broke the lock: `unlock`",
        ],
        remedies: ["look at what is recorded: `preview status`", "run the command again"],
        kind: .locked
    )

    static let storeDenied = Explanation(
        title: "The store refuses these credentials",
        meaning: "The store was reached and does not let this user do what was asked.",
        causes: [
            "a missing, wrong or expired key or password",
            "a right that is missing: see the store's page",
        ],
        remedies: ["check the credentials: `preview doctor`"],
        kind: .authentication
    )

    static let storeUnsafe = Explanation(
        title: "The store does not keep its promises",
        meaning: """
            Two runs at once are kept apart by conditions that the store checks on each write. This \
            one ignores them, so that a record could be overwritten unseen. It is not used.
            """,
        causes: [
            "an S3 server that ignores `If-None-Match` and `If-Match`",
            "a server of Terraform's protocol that checks neither `If-Match` nor the lock's ID",
        ],
        remedies: [
            "use a store that checks conditions: AWS, SeaweedFS, Cloudflare R2",
            "or keep the record in files: `state: { store: file }`",
        ],
        kind: .refused
    )

    static let recordKey = Explanation(
        title: "The record cannot be decrypted",
        meaning: """
            The record is encrypted, and the key that `state.encrypt` names is not the one it was \
            encrypted with, or is missing. Nothing was changed.
            """,
        causes: ["another key", "no `encrypt` in preview.yaml", "the record was altered"],
        remedies: ["give the key that wrote it: `state: { encrypt: { key: env:NAME } }`"],
        kind: .stateNeedsRecovery
    )

    static let storeSettings = Explanation(
        title: "The settings of the store are wrong",
        meaning: "What `state` says of its store cannot be used as it is.",
        causes: ["an address of another form", "a library that the store needs is not installed"],
        remedies: ["see the store's page for its keys", "check it: `preview doctor`"],
        kind: .invalidConfig
    )

    static let olderRecord = Explanation(
        title: "An older record would replace a newer one",
        meaning: """
            Each write of a record has a serial one higher than the one before. What was to be \
            written has a serial that is not higher, so something would be forgotten. Nothing was \
            changed.
            """,
        causes: [
            "somebody ran preview after the document was pulled", "a backup is pushed",
            "the record was copied before, and has been used there since",
        ],
        remedies: [
            "look at what is there: `preview state list`",
            "to go back in time all the same: `preview state push --force FILE`",
        ],
        kind: .refused
    )
}
