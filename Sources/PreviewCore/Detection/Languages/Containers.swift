/// Container files: a project of its own where nothing else is recognised, evidence beside a
/// framework (rules section 19).
struct Containers {
    let folder: Folder

    private static let dockerfiles = ["Dockerfile", "Containerfile"]
    static let composeFiles = [
        "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml",
    ]

    /// The container file of a folder: the usual names, then variants that are not for development.
    static func file(_ folder: Folder) -> String? {
        if let found = folder.first(of: dockerfiles) { return found }
        let variant = folder.fileNames.first { name in
            let lower = name.lowercased()
            return lower.hasPrefix("dockerfile.")
                && !["dev", "development", "test", "local", "dockerignore"].contains {
                    lower.hasSuffix("." + $0)
                }
        }
        return variant.flatMap(folder.file) ?? folder.file("docker/Dockerfile")
    }

    /// A project that is nothing but a container file.
    func container(_ file: String) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue["container"] else { return draft }
        draft.adopt(
            entry,
            sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
        )
        draft.set(\.build, entry.build, file, "how an image is built")
        draft.detection.kind = .app
        guard let text = folder.survey.text(file) else { return draft }
        let source = SourceText(text, patterns: folder.survey.patterns)
        if let port = Ports.exposed(source) { draft.setPort(port, file, "EXPOSE \(port)") }
        if let line = Self.command(source) { draft.set(\.start, line, file, "what the image runs") }
        return draft
    }

    /// The last `CMD`, or the last `ENTRYPOINT` together with it, as one line.
    private static func command(_ source: SourceText) -> String? {
        let joined = SourceText(
            source.text.replacing("\\\n", with: " "),
            patterns: source.cache
        )
        func last(_ word: String) -> String? {
            joined.all("(?mi)^\\s*\(word)\\s+(.+)$").last.map(line)
        }
        let parts = [last("ENTRYPOINT"), last("CMD")].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// `["npm", "start"]` is `npm start`.
    private static func line(_ text: String) -> String {
        let trimmed = Versions.trimmed(text)
        // What is not a list is a line for the shell.
        guard trimmed.hasPrefix("["), let list = try? JSONReader.read(trimmed).array else {
            return trimmed
        }
        return list.compactMap(\.string).joined(separator: " ")
    }

    /// A project that is nothing but a compose file.
    func compose(_ file: String) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue["compose"] else { return draft }
        draft.adopt(
            entry,
            sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
        )
        draft.set(\.build, entry.build, file, "how Compose builds")
        draft.set(\.start, entry.start, file, "how Compose starts")
        draft.set(\.dev, entry.dev, file, "how Compose starts")
        draft.detection.kind = .app
        let services = folder.survey.document(file, as: .yaml)?["services"]?.object?.members ?? []
        for service in services {
            guard let first = service.value["ports"]?.array?.first,
                let port = Self.published(first)
            else { continue }
            draft.setPort(port, file, "service \(service.name) publishes \(port)")
            break
        }
        return draft
    }

    /// The port of the host in `127.0.0.1:8080:80/tcp` or its long form.
    private static func published(_ value: JSONValue) -> Int? {
        if let port = Ports.valid(value["published"]) ?? Ports.valid(value["target"]) {
            return port
        }
        let text = value.string?.split(separator: "/").first
        let parts = text?.split(separator: ":").map(String.init) ?? []
        return Ports.valid(parts.count > 1 ? parts[parts.count - 2] : parts.first)
    }
}
