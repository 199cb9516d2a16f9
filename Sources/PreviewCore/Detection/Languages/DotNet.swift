/// .NET projects (rules section 16).
struct DotNet {
    let folder: Folder
    /// The project file that is built, from the repository's root.
    private let project: String?
    private let solution: String?

    static let endings = [".csproj", ".fsproj", ".vbproj"]
    static let solutionEndings = [".sln", ".slnx"]

    init(_ folder: Folder) {
        self.folder = folder
        solution = folder.files(endingIn: ".sln", ".slnx").first
        let own = folder.files(endingIn: ".csproj", ".fsproj", ".vbproj")
        project = own.first ?? Self.application(of: Self.members(folder), in: folder)
    }

    static func matches(_ folder: Folder) -> Bool {
        !folder.files(endingIn: ".csproj", ".fsproj", ".vbproj", ".sln", ".slnx").isEmpty
    }

    /// Project files that a solution names, from the folder.
    static func members(_ folder: Folder) -> [String] {
        guard let solution = folder.files(endingIn: ".sln", ".slnx").first,
            let text = folder.survey.text(solution)
        else { return [] }
        let source = SourceText(text, patterns: folder.survey.patterns)
        return source.all(#""([^"\n]+\.(?:cs|fs|vb)proj)""#)
            .compactMap { RelativePath.resolve($0.replacing("\\", with: "/"), from: "") }
            .filter(folder.has)
    }

    /// The member that serves the web, else the first that is no test.
    private static func application(of members: [String], in folder: Folder) -> String? {
        let real = members.filter { !$0.lowercased().contains("test") }
        let web = real.first { member in
            folder.source(member)?.matches(#"Microsoft\.NET\.Sdk\.(?:Web|BlazorWebAssembly)"#)
                ?? false
        }
        let program = real.first {
            folder.source($0)?.matches(#"<OutputType>\s*(?:Exe|WinExe)"#) ?? false
        }
        return (web ?? program ?? real.first ?? members.first).flatMap(folder.file)
    }

    private var source: SourceText? {
        project.flatMap { folder.survey.text($0) }
            .map { SourceText($0, patterns: folder.survey.patterns) }
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        let file = project ?? solution
        let (id, reason) = identity
        if let entry = folder.survey.catalogue[id], let file {
            draft.adopt(entry, sign: .init(file: file, reason: reason))
        }
        draft.detection.language = "dotnet"
        draft.detection.packageManager = "nuget"
        draft.note(.packageManager, file, "\(RelativePath.name(of: file ?? "")) is there")
        let version = self.version
        draft.setRuntime("dotnet", version)
        draft.set(\.install, "dotnet restore", file, "fetches the packages")
        describeCommands(&draft, id, file)
        if id == "aspnet", let version, Versions.isBelow(version.version, [8]) {
            draft.setPort(5000, version.file, "5000 is the default port before .NET 8")
        }
        draft.detection.kind = kind(id)
        return draft
    }

    private func kind(_ id: String) -> Detection.Kind {
        guard id == "dotnet" else { return .app }
        return source?.matches(#"<OutputType>\s*(?:Exe|WinExe)|Sdk\.Worker"#) ?? false
            ? .commandLineTool : .library
    }

    private var identity: (String, String) {
        guard let source else { return ("dotnet", "the solution is there") }
        if source.matches(#"Microsoft\.NET\.Sdk\.BlazorWebAssembly"#) {
            return ("blazor", "uses the SDK of Blazor WebAssembly")
        }
        if source.matches(#"Microsoft\.NET\.Sdk\.Web\b"#) { return ("aspnet", "uses the web SDK") }
        return ("dotnet", "a project file is there")
    }

    private func describeCommands(_ draft: inout Draft, _ id: String, _ file: String?) {
        let inside = project.map { path in
            folder.isRoot ? path : String(path.dropFirst(folder.path.count + 1))
        }
        let isNear = inside.map { !$0.contains("/") } ?? true
        let argument = isNear ? "" : " \(inside ?? "")"
        draft.set(
            \.build,
            "dotnet publish\(argument) --no-restore -c Release -o out",
            file,
            "how .NET publishes"
        )
        let option = isNear ? "" : " --project \(inside ?? "")"
        let isWeb = id != "dotnet"
        draft.set(
            \.dev,
            isWeb ? "dotnet watch\(option) run" : "dotnet run\(option)",
            file,
            "how .NET runs it"
        )
        guard id != "blazor", let name = programName else { return }
        guard id == "aspnet" || kind(id) == .commandLineTool || solution == nil else { return }
        let urls = isWeb ? "ASPNETCORE_URLS=http://0.0.0.0:$PORT " : ""
        draft.set(\.start, "\(urls)./out/\(name)", file, "the program that is published")
    }

    private var programName: String? {
        if let name = source?.first(#"<AssemblyName>\s*([^<$\s]+)\s*<"#) { return name }
        return project.map { path in
            let name = RelativePath.name(of: path)
            return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        }
    }

    private var version: VersionPin? {
        let versions = Versions(folder: folder)
        if let file = folder.file("global.json"),
            let text = folder.json("global.json")?["sdk"]?["version"]?.string
        {
            return VersionPin(text, source: "global.json", file: file)
        }
        if let file = project,
            let framework = source?
                .first(#"<TargetFrameworks?>\s*(?:net|netcoreapp)(\d[\d.]*)"#)
        {
            let name = RelativePath.name(of: file)
            return VersionPin(framework, source: "\(name) TargetFramework", file: file)
        }
        return versions.tool("dotnet", "dotnet-core", "dotnet-sdk")
    }
}
