import Testing

/// A broken app of `Tests/Fixtures/zoo`, and what the program must say of it.
struct ZooAnimal: Sendable, CustomTestStringConvertible {
    /// Its folder.
    var folder: String
    var code: String
    var exit: Int32 = 1
    /// The sentence, as a regular expression that matches all of it.
    var message: String
    /// Parts of what it prints, which is evidence and in the log.
    var prints: [String] = []
    /// Parts of the other evidence.
    var evidence: [String] = []
    /// A part of the fix.
    var fix: String
    /// Programs without which it cannot be tried.
    var programs: [String] = []
    /// What the repaired commit has anew: files by those of the folder `repaired`.
    var repairs = ["start": "start"]

    var testDescription: String { folder }

    static let all = ending + listening + answering + preparing + settled

    /// Those that end instead of serving.
    private static let ending = [
        ZooAnimal(
            folder: "exits-with-status",
            code: "PV0412",
            message: "the app ended with status 1 after [0-9.]+ s",
            prints: ["No module named 'no_such_package_of_the_zoo'"],
            evidence: ["command      ./start"],
            fix: "add the package of module `no_such_package_of_the_zoo` to requirements.txt"
        ),
        ZooAnimal(
            folder: "module-missing",
            code: "PV0412",
            message: "the app ended with status 1 after [0-9.]+ s",
            prints: ["Cannot find module '@zoo/no-such-package/server'"],
            fix: "add `@zoo/no-such-package` to the dependencies in package.json",
            programs: ["node"]
        ),
        ZooAnimal(
            folder: "exits-for-variable",
            code: "PV0412",
            message: "the app ended with status 1 after [0-9.]+ s",
            prints: ["KeyError: 'ZOO_DATABASE_URL'"],
            fix: "set `ZOO_DATABASE_URL` under `env:` or `secrets:` in preview.yaml"
        ),
        ZooAnimal(
            folder: "ends-by-signal",
            code: "PV0412",
            message: #"the app .*\(SIGSEGV\) after [0-9.]+ s"#,
            prints: ["about to crash"],
            fix: "run the start command here by hand"
        ),
        ZooAnimal(
            folder: "ends-with-success",
            code: "PV0412",
            message: "the app ended with status 0 after [0-9.]+ s",
            prints: ["nothing to do"],
            fix: "use a start command that keeps running in the foreground"
        ),
        ZooAnimal(
            folder: "command-not-found",
            code: "PV0429",
            message: "the start command names a program that is not there",
            evidence: ["no-such-server --port $PORT"],
            fix: "install `no-such-server`",
            repairs: ["preview.yaml": "preview.yaml", "start": "start"]
        ),
        ZooAnimal(
            folder: "program-missing-inside",
            code: "PV0429",
            message: "the start command names a program that is not there",
            prints: ["gunicorn-of-the-zoo: not found"],
            fix: "install `gunicorn-of-the-zoo`"
        ),
        ZooAnimal(
            folder: "forks-away",
            code: "PV0421",
            message: "the start command ended and left the app in the background",
            prints: ["daemon started"],
            fix: "start the app in the foreground, without `&`"
        ),
        ZooAnimal(
            folder: "leaves-sessions",
            code: "PV0412",
            message: "the app ended with status 3 after [0-9.]+ s",
            prints: ["the parent ends"],
            fix: "run the start command here by hand"
        ),
        ZooAnimal(
            folder: "many-children",
            code: "PV0412",
            message: "the app ended with status 1 after [0-9.]+ s",
            prints: ["too many children"],
            fix: "run the start command here by hand"
        ),
        ZooAnimal(
            folder: "dies-after-answer",
            code: "PV0423",
            message: "the app answered once and then ended with status 7",
            prints: ["out of luck"],
            fix: "run the start command here by hand"
        ),
    ]

    /// Those that do not listen where they should.
    private static let listening = [
        ZooAnimal(
            folder: "never-listens",
            code: "PV0414",
            exit: 9,
            message: "the app did not listen on port [0-9]+ within 1 s",
            prints: ["waiting for a database"],
            evidence: ["sockets      none"],
            fix: "listen on the port in the variable PORT"
        ),
        ZooAnimal(
            folder: "never-listens-nor-ends",
            code: "PV0414",
            exit: 9,
            message: "the app did not listen on port [0-9]+ within 1 s",
            fix: "raise `timeouts: { start: … }`"
        ),
        ZooAnimal(
            folder: "listens-elsewhere-node",
            code: "PV0415",
            message: "the app listens on port [0-9]+ and not on [0-9]+, as PORT asks",
            evidence: ["127.0.0.1 port "],
            fix: "`process.env.PORT` in the source",
            programs: ["node"],
            repairs: ["server.js": "server.js"]
        ),
        ZooAnimal(
            folder: "listens-elsewhere-python",
            code: "PV0415",
            message: "the app listens on port [0-9]+ and not on [0-9]+, as PORT asks",
            evidence: ["0.0.0.0 port "],
            fix: "`os.environ[\"PORT\"]` in the source",
            repairs: ["app.py": "start"]
        ),
    ]

    /// Those that listen and do not answer well.
    private static let answering = [
        ZooAnimal(
            folder: "answers-500",
            code: "PV0417",
            message: "the app answers with status 500",
            prints: ["KeyError: 'user'"],
            evidence: ["http://zoo-"],
            fix: "health: { path: … }"
        ),
        ZooAnimal(
            folder: "answers-too-late",
            code: "PV0419",
            exit: 9,
            message: "the app did not answer within 1 s",
            evidence: ["/slow", "no answer in time"],
            fix: "raise `health: { timeout: … }`"
        ),
        ZooAnimal(
            folder: "answers-nonsense",
            code: "PV0419",
            exit: 9,
            message: "the app did not answer within [0-9]+ s",
            evidence: ["what it sends is not HTTP"],
            fix: "health: { path: … }"
        ),
        ZooAnimal(
            folder: "redirects-for-ever",
            code: "PV0418",
            message: "the app redirects for ever",
            evidence: ["/login?next="],
            fix: "must not insist on https or another path"
        ),
    ]

    /// Those whose install or build does not come to its end, or to another one.
    private static let preparing = [
        ZooAnimal(
            folder: "install-fails",
            code: "PV0411",
            message: "the install command ended with status 1",
            prints: ["No matching distribution found"],
            evidence: ["command      ./install"],
            fix: "run `./install` in a fresh clone",
            repairs: ["install": "install"]
        ),
        ZooAnimal(
            folder: "build-fails",
            code: "PV0413",
            message: "the build command ended with status 2",
            prints: ["error TS2322"],
            evidence: ["command      ./build"],
            fix: "run `./build` in a fresh clone",
            repairs: ["build": "build"]
        ),
        ZooAnimal(
            folder: "install-hangs",
            code: "PV0425",
            exit: 9,
            message: "the install command did not finish within 1 s",
            prints: ["Ok to proceed?"],
            evidence: ["command      ./install"],
            fix: "raise `timeouts: { install: … }`",
            repairs: ["install": "install"]
        ),
        ZooAnimal(
            folder: "build-hangs",
            code: "PV0426",
            exit: 9,
            message: "the build command did not finish within 1 s",
            prints: ["Watching for changes"],
            evidence: ["command      ./build"],
            fix: "never ends by itself",
            repairs: ["build": "build"]
        ),
        ZooAnimal(
            folder: "build-moves-on",
            code: "PV0422",
            message: "the checkout is not at the planned commit",
            evidence: ["planned", "found"],
            fix: "do not change the checked-out commit",
            repairs: ["build": "build"]
        ),
    ]

    /// Those that are turned away before anything is started.
    private static let settled = [
        ZooAnimal(
            folder: "nothing-to-start",
            code: "PV0420",
            message: "there is no `start` command",
            fix: "write `run: { start: … }` in preview.yaml",
            repairs: ["preview.yaml": "preview.yaml", "start": "start"]
        )
    ]
}
