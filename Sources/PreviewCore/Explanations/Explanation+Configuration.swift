extension Explanation {
    static let configNotFound = Explanation(
        title: "There is no preview.yaml",
        meaning: """
            The command needs a preview.yaml and found none in this folder, nor in those above it up \
            to the top of the checkout. Nothing was changed.
            """,
        causes: [
            "the command was started in another folder",
            "the repository has no preview.yaml yet",
            "the path after -f, or in PREVIEW_FILE, is misspelt",
        ],
        remedies: [
            "write one for the repository in this folder: `preview init`",
            "name the file: `preview plan -f path/to/preview.yaml`, or the folder: `preview plan -C folder`",
        ],
        kind: .invalidConfig
    )

    static let yamlSyntax = Explanation(
        title: "The file is not YAML",
        meaning: """
            The file could not be read as YAML at the place that is shown. Problems behind that \
            place can only be found once it is mended.
            """,
        causes: [
            "a tab where spaces must indent",
            "a value with a colon or a # in it that is not quoted",
            "a quote or a bracket that is never closed",
        ],
        remedies: [
            "mend the line above the caret, then check again: `preview validate`",
            "put the value in quotes if it has a `: ` or ` #` in it",
        ],
        kind: .invalidConfig
    )

    static let unknownRegion = Explanation(
        title: "Unknown region",
        meaning: """
            `region` names a place that is not in the list of regions. Regions are three letters, \
            such as dfw for Dallas.
            """,
        causes: ["a misspelling", "a region of another cloud, such as us-east-1"],
        remedies: [
            "write the region that the message suggests",
            "leave `region` out: the default is dfw",
        ],
        kind: .invalidConfig
    )

    static let unknownKey = Explanation(
        title: "Unknown key",
        meaning: """
            The file has a key that means nothing in this place. Unknown keys are refused, because a \
            misspelt one would otherwise be ignored without a word.
            """,
        causes: [
            "a misspelling", "a key that belongs into another section",
            "a key of another tool, or of a newer version of preview",
        ],
        remedies: [
            "write the key that the message suggests, or remove the line",
            "see all keys: `preview schema`",
        ],
        kind: .invalidConfig
    )

    static let wrongType = Explanation(
        title: "Wrong type of value",
        meaning: """
            A key has a value of another type than it takes, such as a list where one text is \
            expected. Text, numbers and true or false are told apart as YAML 1.2 does.
            """,
        causes: [
            "a number where text is expected: quote it",
            "a list or a mapping in place of one value",
            "wrong indentation, which makes a value part of another key",
        ],
        remedies: ["write what the message expects, then `preview validate`"],
        kind: .invalidConfig
    )

    static let invalidValue = Explanation(
        title: "Value not allowed",
        meaning: """
            The value has the right type, but it is not one that this key can have: out of range, \
            badly written, or not one of the words it takes.
            """,
        causes: [
            "a duration without a unit: write 90s, 5m, 1h or 7d",
            "a memory size the machine cannot have, or in an unknown unit",
            "a port outside 1 to 65535", "a misspelt word, such as `provider: locl`",
        ],
        remedies: ["write what the message expects, then `preview validate`"],
        kind: .invalidConfig
    )

    static let missingKey = Explanation(
        title: "Required key is missing",
        meaning: """
            A key that cannot be left out is not there. Of the whole file only `repo` is required; \
            some sections require keys of their own once they are used.
            """,
        causes: ["the file has no `repo`", "a section was begun and not finished"],
        remedies: [
            "add the key that is named; `repo: .` means the checkout that the file is in",
            "see a complete file: `preview init --print`",
        ],
        kind: .invalidConfig
    )

    static let duplicateKey = Explanation(
        title: "Key given twice",
        meaning: """
            One key stands twice in the same mapping, or one name is both in `env` and in `secrets`. \
            Which of the two is meant cannot be told.
            """,
        causes: ["a section was pasted a second time", "a merge of two branches kept both lines"],
        remedies: ["remove one of the two; the message names the line of the first"],
        kind: .invalidConfig
    )

    static let unsetVariable = Explanation(
        title: "Variable is not set",
        meaning: """
            A value contains `${NAME}`, and the environment has no variable of that name. It is not \
            replaced by nothing, since half a value does more harm than an error.
            """,
        causes: [
            "the variable is not exported in this shell or CI job", "its name is misspelt",
            "a dollar sign was meant: write it as $$",
        ],
        remedies: [
            "set it: `NAME=value preview plan`",
            "give a default in the file: `${NAME:-default}`",
            "for passwords and keys use `secrets`, which are never written down",
        ],
        kind: .invalidConfig
    )

    static let documentLimit = Explanation(
        title: "The file is empty, too large or too deep",
        meaning: """
            The file is empty, is larger than 1 MiB, nests more than 100 levels, holds a second \
            document, or expands to far more than it says. Such files are refused before they cost \
            time or memory.
            """,
        causes: [
            "an empty file, or one with only comments", "a second document after `---`",
            "aliases that multiply each other", "another file than preview.yaml was named",
        ],
        remedies: [
            "start again from a complete file: `preview init --force`", "remove what is not needed",
        ],
        kind: .invalidConfig
    )

    static let invalidRepositoryAddress = Explanation(
        title: "That is no repository address",
        meaning: """
            What stands where a repository is expected is neither a URL, nor owner/name, nor \
            git@host:path, nor a folder. Only https, ssh, git and file addresses are used, and \
            nothing that git could take for an option.
            """,
        causes: [
            "a misspelt URL, or one copied with a page's path behind the repository",
            "a folder that is not there", "an http address: use https",
        ],
        remedies: [
            "use one of https://host/owner/name, owner/name, git@host:owner/name, or `.`",
            "try it alone: `preview detect ADDRESS`",
        ],
        kind: .invalidConfig
    )

    static let providerUnavailable = Explanation(
        title: "This version does not have that provider",
        meaning: """
            `provider` names something that this version of preview cannot use. The providers that \
            it has run previews on this machine.
            """,
        causes: ["the file says `provider: fly`, or has no `provider`, whose default is fly"],
        remedies: [
            "run it on this machine for once: `preview apply --local`",
            "write `provider: local` into preview.yaml",
        ],
        kind: .invalidConfig
    )

    static let otherToolsFile = Explanation(
        title: "The file belongs to another tool",
        meaning: """
            The file that was found or named is the configuration of another preview tool. It is \
            neither read nor changed.
            """,
        causes: ["the repository is also used with another tool", "-f names the wrong file"],
        remedies: ["keep that file for its tool and write one for this: `preview init`"],
        kind: .invalidConfig
    )
}
