/// A detection in the making: values go in together with what speaks for them.
struct Draft {
    let folder: Folder
    var detection = Detection()

    init(_ folder: Folder) {
        self.folder = folder
    }

    var survey: Survey { folder.survey }

    /// Adds evidence; a reason without a file of the repository is not evidence and is dropped.
    mutating func note(_ field: Detection.Field?, _ file: String?, _ reason: String) {
        guard let file else { return }
        let evidence = Detection.Evidence(file: file, reason: reason, field: field)
        if !detection.evidence.contains(evidence) { detection.evidence.append(evidence) }
    }

    /// Adds a remark; its words should name the folder where that is not the root.
    mutating func warn(_ message: String) {
        let place = folder.isRoot ? message : "\(folder.path): \(message)"
        if !detection.warnings.contains(place) { detection.warnings.append(place) }
    }

    /// Takes a framework's id, name, language, port and output as the catalogue has them.
    mutating func adopt(_ framework: Framework, sign: Framework.Sign?) {
        detection.projectType = framework.id
        detection.framework =
            framework.isRuntime || framework.category == "static"
                || framework.category == "container" ? nil : framework.name
        if detection.language == nil { detection.language = framework.language }
        detection.port = framework.port
        detection.outputDirectory = framework.outputDirectory
        detection.isStatic = framework.isStatic
        note(.projectType, sign?.file, sign?.reason ?? "")
        if let port = framework.port {
            note(.port, sign?.file, "\(port) is the default port of \(framework.name)")
        }
        if framework.outputDirectory != nil {
            note(.outputDirectory, sign?.file, "where \(framework.name) builds to")
        }
    }

    /// Sets a command together with its reason.
    mutating func set(
        _ command: WritableKeyPath<Detection.Commands, String?>,
        _ line: String?,
        _ file: String?,
        _ reason: String
    ) {
        detection.commands[keyPath: command] = line
        guard line != nil, let field = Self.field(of: command) else { return }
        detection.evidence.removeAll { $0.field == field }
        note(field, file, reason)
    }

    private static func field(
        of command: WritableKeyPath<Detection.Commands, String?>
    ) -> Detection.Field? {
        switch command {
        case \.install: .install
        case \.build: .build
        case \.start: .start
        case \.dev: .dev
        default: nil
        }
    }

    /// Sets the port together with its reason.
    mutating func setPort(_ port: Int, _ file: String?, _ reason: String) {
        detection.port = port
        detection.evidence.removeAll { $0.field == .port }
        note(.port, file, reason)
    }

    /// Takes the port away again: nothing listens.
    mutating func forgetPort() {
        detection.port = nil
        detection.evidence.removeAll { $0.field == .port }
    }

    /// Sets the folder that a build leaves, without `./` and a trailing slash.
    mutating func setOutput(_ folder: String?, _ file: String?, _ reason: String) {
        detection.outputDirectory = folder.map(Self.tidied)
        detection.evidence.removeAll { $0.field == .outputDirectory }
        if folder != nil { note(.outputDirectory, file, reason) }
    }

    private static func tidied(_ folder: String) -> String {
        var result = Substring(folder)
        while result.hasPrefix("./") { result = result.dropFirst(2) }
        while result.hasSuffix("/"), result.count > 1 { result = result.dropLast() }
        return result.isEmpty ? "." : String(result)
    }

    /// Sets the runtime together with the file that pins its version.
    mutating func setRuntime(_ name: String, _ pin: VersionPin?) {
        detection.runtime = .init(name: name, version: pin?.version, source: pin?.source)
        guard let pin else { return }
        let text = pin.version.map { "\(name) \($0)" } ?? "\(name) without a version"
        note(.runtime, pin.file, text)
    }
}

/// A version and where it is written.
struct VersionPin: Hashable {
    /// `nil` when the source says that any will do.
    var version: String?
    /// For people, such as `package.json engines`.
    var source: String
    var file: String

    init(_ version: String?, source: String, file: String) {
        self.version = version
        self.source = source
        self.file = file
    }
}
