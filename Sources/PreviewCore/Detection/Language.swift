/// A language a folder can be a project of: how it shows, whether there is a program in it, and
/// how it is described. Adding one is a value here and a file beside the others.
struct Language: Sendable {
    /// For people, in what was looked for.
    let files: String
    let matches: @Sendable (Folder) -> Bool
    /// Whether there is more than configuration of tools, so that a JavaScript framework beside it
    /// does not win (rules section 3).
    let hasEntry: @Sendable (Folder) -> Bool
    let describe: @Sendable (Folder) -> Draft?
    /// Whether it is looked at after `package.json`, and gives way to one that starts something.
    var isAfterNode = false

    /// Decisive files in order: the first that matches is the language of a project.
    static let all: [Language] =
        [
            Language(
                files: "composer.json, index.php",
                matches: PHP.matches,
                hasEntry: PHP.hasEntry,
                describe: { PHP($0).describe() }
            ),
            Language(
                files: "go.mod, go.work, main.go",
                matches: Go.matches,
                hasEntry: Go.hasEntry,
                describe: { Go($0).describe() }
            ),
            Language(
                files: "pom.xml, build.gradle",
                matches: JVM.matches,
                hasEntry: { _ in true },
                describe: { JVM($0)?.describe() }
            ),
            Language(
                files: "Cargo.toml",
                matches: Rust.matches,
                hasEntry: Rust.hasEntry,
                describe: { Rust($0).describe() }
            ),
            Language(
                files: "Gemfile",
                matches: Ruby.matches,
                hasEntry: Ruby.hasEntry,
                describe: { Ruby($0).describe() }
            ),
            Language(
                files: "mix.exs",
                matches: { $0.has("mix.exs") },
                hasEntry: { _ in true },
                describe: { BEAM(folder: $0).elixir() }
            ),
            Language(
                files: "requirements.txt, pyproject.toml, Pipfile, main.py, app.py",
                matches: Python.matches,
                hasEntry: Python.hasEntry,
                describe: { Python($0).describe() }
            ),
            Language(
                files: "deno.json",
                matches: Deno.matches,
                hasEntry: Deno.hasEntry,
                describe: { Deno($0).describe() }
            ),
            Language(
                files: "*.csproj, *.sln",
                matches: DotNet.matches,
                hasEntry: { _ in true },
                describe: { DotNet($0).describe() }
            ),
            Language(
                files: "package.json",
                matches: { NodePackage.read($0) != nil },
                hasEntry: { _ in true },
                describe: { Node($0)?.describe() }
            ),
        ] + afterNode

    private static let afterNode: [Language] = [
        later("gleam.toml") { BEAM(folder: $0).gleam() },
        later("CMakeLists.txt") { Native(folder: $0).cpp() },
        later("meson.build") { Native(folder: $0).cpp() },
        later("Package.swift") { Native(folder: $0).swift() },
        later("pubspec.yaml") { Native(folder: $0).dart() },
        later("shard.yml") { Native(folder: $0).crystal() },
        later("build.zig") { Native(folder: $0).zig() },
        later("build.sbt") { FunctionalJVM(folder: $0).scala() },
        later("project.clj", "deps.edn", "build.clj") { FunctionalJVM(folder: $0).clojure() },
        later("stack.yaml", "package.yaml", "*.cabal") { Native(folder: $0).haskell() },
        later("rebar.config") { BEAM(folder: $0).erlang() },
        later("haunt.scm") { Sites(folder: $0).haunt() },
        Language(
            files: "*.cbl",
            matches: { folder in
                [folder, folder.folder("src")].contains { !$0.files(endingIn: ".cbl").isEmpty }
            },
            hasEntry: { _ in true },
            describe: { Native(folder: $0).cobol() },
            isAfterNode: true
        ),
    ]

    private static func later(
        _ files: String...,
        describe: @escaping @Sendable (Folder) -> Draft?
    ) -> Language {
        Language(
            files: files.joined(separator: ", "),
            matches: { folder in files.contains { folder.firstFile(matching: $0) != nil } },
            hasEntry: { _ in true },
            describe: describe,
            isAfterNode: true
        )
    }
}
