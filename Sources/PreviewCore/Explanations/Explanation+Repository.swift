extension Explanation {
    static let repositoryNotFound = Explanation(
        title: "Repository not found",
        meaning: """
            There is no repository at that address, or the host does not show it to you: many hosts \
            answer for a private repository as if it were not there.
            """,
        causes: [
            "the address is misspelt", "the repository was renamed, moved or deleted",
            "it is private and no token is set", "a local path that is not there",
        ],
        remedies: [
            "see what git says: `git ls-remote ADDRESS`",
            "for a private repository on github.com set GITHUB_TOKEN or GH_TOKEN, or use its ssh address",
            "correct `repo:` in preview.yaml",
        ],
        kind: .failed
    )

    static let repositoryPermission = Explanation(
        title: "No permission to read the repository",
        meaning: """
            The host knows the repository and refuses to show it, or asks who you are; or the folder \
            of a local repository belongs to another user, which git refuses to read. git is never \
            allowed to ask for a password here.
            """,
        causes: [
            "the repository is private and no token or key is set",
            "the token has expired or lacks the right to read contents",
            "the ssh key is not loaded: `ssh-add -l` lists those that are",
            "the checkout belongs to another user",
        ],
        remedies: [
            "set GITHUB_TOKEN or GH_TOKEN (github.com), or use the ssh address",
            "see what git says: `git ls-remote ADDRESS`",
            "for a folder of another user: `git config --global --add safe.directory FOLDER`",
        ],
        kind: .authentication
    )

    static let branchNotFound = Explanation(
        title: "The branch does not exist",
        meaning: """
            The repository can be read, but it has no branch of that name. The message names those \
            that come closest.
            """,
        causes: [
            "the branch was never pushed", "it was merged and deleted", "a misspelling",
            "the main branch has another name, such as master",
        ],
        remedies: [
            "push it: `git push -u origin BRANCH`",
            "name another: `branch:` in preview.yaml, or `preview plan --branch NAME`",
            "use the one that is checked out: `branch: current`",
        ],
        kind: .failed
    )

    static let repositoryUnreachable = Explanation(
        title: "The repository's host cannot be reached",
        meaning: """
            The host did not answer, or not in a way that can be trusted: no network, no such name, \
            a refused connection, a time-out, or a certificate or host key that is not known. It \
            says nothing about whether the repository exists.
            """,
        causes: [
            "no network, or a proxy that is not set", "the host name is misspelt",
            "the host is down",
            "a new ssh host key, or a company certificate that is not installed",
        ],
        remedies: [
            "see what git says: `git ls-remote ADDRESS`",
            "behind a proxy set https_proxy", "then run the same command again",
        ],
        kind: .failed
    )

    static let gitMissing = Explanation(
        title: "git is not installed",
        meaning: """
            Repositories are read with the git program, and there is none on the PATH.
            """,
        causes: ["a small machine or container without git", "a PATH that lacks its folder"],
        remedies: ["install it, on Debian `apt-get install git`"],
        kind: .failed
    )

    static let commitMissing = Explanation(
        title: "The planned commit is no longer there",
        meaning: """
            The commit that was planned cannot be fetched: the branch was rewritten after the plan, \
            or the commit was never pushed. For a folder without git, its files have changed since.
            """,
        causes: [
            "a force push or a rebase between plan and apply",
            "the commit exists only on this machine",
            "a file of the folder was edited, or something writes into it",
        ],
        remedies: [
            "push it: `git push`",
            "plan again and look at what is new: `preview plan`", "then `preview apply`",
        ],
        kind: .failed
    )

    static let detachedHead = Explanation(
        title: "No branch is checked out",
        meaning: """
            `branch: current` means the branch that is checked out, and the checkout is at a commit \
            without a branch. CI systems often check out in this way.
            """,
        causes: [
            "`git checkout COMMIT` or a tag", "a rebase that is not finished", "a CI checkout",
        ],
        remedies: [
            "check out a branch: `git switch NAME`",
            "name one: `preview plan --branch NAME`",
        ],
        kind: .failed
    )

    static let repositoryEmpty = Explanation(
        title: "The repository has no commit",
        meaning: "The repository exists and can be read, but nothing was ever committed to it.",
        causes: ["a new repository", "a clone of the wrong, empty one"],
        remedies: ["commit something and push it: `git commit`, then `git push -u origin main`"],
        kind: .failed
    )

    static let pathNotFound = Explanation(
        title: "The folder of `path` is not in the repository",
        meaning: """
            `path` names the folder of the application inside the repository, and the commit has no \
            such folder. The message names those that come closest.
            """,
        causes: [
            "a misspelling; upper and lower case matter",
            "the folder exists here, but is not committed on that branch",
            "it was moved or renamed",
        ],
        remedies: [
            "see what is there: `git ls-tree -d -r --name-only BRANCH`",
            "correct `path:` in preview.yaml, or leave it out for the repository's root",
        ],
        kind: .failed
    )

    static let projectUnknown = Explanation(
        title: "The kind of project was not recognised",
        meaning: """
            None of the files that tell a kind of project was found. Nothing is guessed: without \
            commands of your own, step 4 cannot start the app.
            """,
        causes: [
            "the application is in a subfolder", "a language or tool that is not in the catalogue",
            "its manifest file is not committed",
        ],
        remedies: [
            "name the folder of the application: `path:` in preview.yaml",
            "say how it starts: `run: { install: …, build: …, start: …, port: … }`",
            "see what was looked at: `preview detect`",
        ],
        kind: .failed
    )

    static let scriptMissing = Explanation(
        title: "The project has no such script",
        meaning: """
            The mode that was asked for needs a script or command that the project does not declare.
            """,
        causes: [
            "package.json has no `start` script", "`run: { mode: dev }` without a `dev` script",
        ],
        remedies: [
            "add the script to the project and push it",
            "or write the command into preview.yaml: `run: { start: … }`",
        ],
        kind: .failed
    )

    static let gitFailed = Explanation(
        title: "git failed",
        meaning: """
            git ended with an error that is not one of the known ones. Its own last lines are shown \
            with the message.
            """,
        causes: [
            "a damaged repository or object", "a git that is too old",
            "a full disk in the folder of the checkout",
        ],
        remedies: [
            "see the same by hand: `git ls-remote ADDRESS`",
            "for a local repository: `git fsck`", "then run the same command again",
        ],
        kind: .failed
    )

    static let tokenRefused = Explanation(
        title: "GitHub does not accept the token",
        meaning: """
            GitHub answered 401 to the token of GITHUB_TOKEN, GH_TOKEN or GITHUB_ACCESS_TOKEN: it is \
            none of its tokens, or one that counts no more.
            """,
        causes: [
            "the token has expired or was revoked", "it was copied incompletely",
            "it belongs to another server, such as a GitHub Enterprise",
        ],
        remedies: [
            "ask GitHub: `curl -H \"Authorization: Bearer $GITHUB_TOKEN\" https://api.github.com/user`",
            "make a new token with read access to the repository's contents, and set it",
            "unset the variable: public repositories need no token",
            "for an Enterprise server set GITHUB_SERVER_URL and GITHUB_API_URL as well",
        ],
        kind: .authentication
    )

    static let rateLimited = Explanation(
        title: "GitHub takes no more requests for now",
        meaning: """
            The token's hourly number of requests is used up, or too many came at once. It is a \
            remark as long as git can do the same without the API; the message tells when the limit \
            ends.
            """,
        causes: [
            "another program uses the same token", "many previews are planned in one go",
        ],
        remedies: [
            "wait until the time in the message",
            "see what is left: `curl -H \"Authorization: Bearer $GITHUB_TOKEN\" https://api.github.com/rate_limit`",
            "use a token of another user",
        ],
        kind: .failed
    )
}
