import PreviewSystem
import Testing

/// A project of `examples/` and how to tell that it runs.
struct Example: Sendable, CustomTestStringConvertible {
    var folder: String
    var file = "preview.yaml"
    /// Programs without which it cannot run; where one is missing, its boot is skipped.
    var programs: [String] = []
    /// The page to ask for, and a part of what it answers.
    var page = "/"
    var answer: String

    var testDescription: String { file == "preview.yaml" ? folder : "\(folder)/\(file)" }

    static let all = [
        Example(folder: "static", page: "/about/", answer: "<h1>About</h1>"),
        Example(
            folder: "node",
            programs: ["node", "npm"],
            answer: "Hello from Node, running "
        ),
        Example(
            folder: "flask",
            programs: ["python3"],
            page: "/api/add/2/3",
            answer: #"{"sum":5}"#
        ),
        Example(
            folder: "go",
            programs: ["go"],
            page: "/there",
            answer: "Hello from Go, /there"
        ),
        Example(
            folder: "php",
            programs: ["php"],
            page: "/?name=Ada%20%3CL%3E",
            answer: "<h1>Hello, Ada &lt;L&gt;</h1>"
        ),
        Example(
            folder: "monorepo",
            programs: ["python3"],
            page: "/x",
            answer: #"{"app": "api", "path": "/x"}"#
        ),
        Example(folder: "monorepo", file: "web.yaml", answer: "<h1>Hello from apps/web</h1>"),
    ]
}

@Suite(.serialized) struct ExamplesTests {
    /// Set to write what is printed into the examples, after a change that is meant.
    private let isRecording = Host.environment["PREVIEW_EXAMPLES_RECORD"] != nil

    @Test("the plan of an example is the one it shows", arguments: Example.all)
    func plan(of example: Example) async throws {
        let copy = try await ExampleCopy(example)
        try await copy.makeRepository()
        let text = try await copy.preview("plan")
        let json = try await copy.preview("plan", "--json")
        #expect(text.ending == .exited(0), "\(text.errorText)")
        #expect(json.ending == .exited(0), "\(json.errorText)")
        let name = example.file == "preview.yaml" ? "plan" : "plan-\(example.file.dropLast(5))"
        let expected = try Folder.open("\(ExampleCopy.origin(example))/expected", ownedBy: .any)
        for (file, bytes) in [("\(name).txt", text.output), ("\(name).json", json.output)] {
            if isRecording { try expected.writeUserFile(file, bytes) }
            let shown = try #require(try expected.read(file, limit: 1 << 20), "no \(file)")
            #expect(
                String(decoding: bytes, as: UTF8.self) == String(decoding: shown, as: UTF8.self)
            )
        }
    }

    @Test(
        "an example runs, is planned empty then, and goes without a trace",
        arguments: Example.all
    )
    func boot(of example: Example) async throws {
        let missing = example.programs.filter { Command.locate($0, in: ExampleCopy.path) == nil }
        guard missing.isEmpty else {
            try Test.cancel("SKIPPED \(example.testDescription): \(missing) not installed")
        }
        let copy = try await ExampleCopy(example)
        let applied = try await copy.preview("apply", "--yes")
        do {
            try #require(applied.ending == .exited(0), "\(applied.errorText)")
            let url = try #require(applied.outputText.split(separator: "\n").last.map(String.init))
            let page = try await fetch(url + example.page)
            #expect(page.status == 200)
            #expect(String(decoding: page.body, as: UTF8.self).contains(example.answer))
            let again = try await copy.preview("plan", "--detailed-exitcode")
            #expect(again.ending == .exited(0), "\(again.outputText)")
            try await expectGone(url, after: copy.preview("destroy", "--yes"))
        } catch {
            _ = try await copy.preview("destroy", "--yes")
            throw error
        }
    }

    @Test("every example is run here, and every file of expected/ is compared")
    func complete() throws {
        let root = try Folder.open(ExampleCopy.examples, ownedBy: .any)
        let folders = try root.entries().filter { $0.kind == .folder }.map(\.name)
        #expect(Set(folders) == Set(Example.all.map(\.folder)))
        for folder in folders {
            let plans = Example.all.filter { $0.folder == folder }.count
            let expected = try root.folder(folder, ownedBy: .any).folder("expected", ownedBy: .any)
            #expect(try expected.entryNames().count == 2 * plans, "\(folder)/expected")
        }
    }

    private func fetch(_ url: String) async throws -> HTTPResponse {
        try await HTTPClient(userAgent: "preview-tests").send(
            HTTPRequest("GET", url, timeout: .seconds(20))
        )
    }

    private func expectGone(_ url: String, after destroyed: CommandResult) async throws {
        #expect(destroyed.ending == .exited(0), "\(destroyed.errorText)")
        await #expect(throws: HTTPFailure.self) { try await fetch(url) }
    }
}

/// A copy of an example outside the checkout, removed with its last reference.
private final class ExampleCopy: Sendable {
    let folder: String
    private let example: Example
    private let parent: Folder
    private let name: String

    static let examples: String = {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/examples"
    }()
    static let path = Host.environment["PATH"] ?? "/usr/bin:/bin"
    static func origin(_ example: Example) -> String { "\(examples)/\(example.folder)" }

    init(_ example: Example) async throws {
        self.example = example
        name = "preview-example-" + Moment.randomBytes(8).map { String($0, radix: 16) }.joined()
        parent = try Folder.open("/tmp", ownedBy: .any)
        folder = "/tmp/\(name)/\(example.folder)"
        let place = try parent.makeFolder(name)
        _ = try place.makeFolder("home")
        _ = try await run("/bin/cp", "-R", Self.origin(example), folder, in: place.path)
        let copied = try place.folder(example.folder, ownedBy: .any)
        // What a person's own run left beside the files, and what is compared with, are no part.
        for extra in ["expected", ".preview"] { try copied.removeTree(extra) }
    }

    deinit {
        // What a test leaves behind in /tmp harms no other test.
        try? parent.removeTree(name)
    }

    /// Makes the copy a repository whose one commit and address are the same everywhere.
    func makeRepository() async throws {
        let git = try #require(Command.locate("git", in: Self.path))
        let address = "https://github.com/example/\(example.folder)"
        for line in [
            ["init", "-q", "-b", "main"], ["remote", "add", "origin", address], ["add", "-A"],
            ["commit", "-q", "-m", "Say hello"],
        ] {
            let result = try await run(git, line)
            try #require(result.ending == .exited(0), "git \(line): \(result.errorText)")
        }
    }

    /// Runs the built program on the copy.
    func preview(_ words: String...) async throws -> CommandResult {
        let products = try #require(Host.executable).split(separator: "/").dropLast()
        let program = "/" + products.joined(separator: "/") + "/preview"
        return try await run(program, words + ["-f", example.file])
    }

    private func run(_ program: String, _ arguments: String..., in directory: String) async throws
        -> CommandResult
    {
        try await run(program, arguments, in: directory)
    }

    private func run(
        _ program: String,
        _ arguments: [String],
        in directory: String? = nil
    ) async throws -> CommandResult {
        let person = [
            "NAME": "Example", "EMAIL": "example@example.com", "DATE": "1700000000 +0000",
        ]
        var environment = [
            "PATH": Self.path, "HOME": "/tmp/\(name)/home", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        ]
        for (key, value) in person {
            environment["GIT_AUTHOR_\(key)"] = value
            environment["GIT_COMMITTER_\(key)"] = value
        }
        // How packages are reached here is the machine's business.
        for (key, value) in Host.environment where key.hasPrefix("PIP_") || key.hasSuffix("_proxy")
        {
            environment[key] = value
        }
        return try await Command(
            program,
            arguments,
            environment: environment,
            directory: directory ?? folder
        ).run(timeout: .seconds(300))
    }
}
