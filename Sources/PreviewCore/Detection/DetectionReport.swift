/// A detection in words: every value with what speaks for it, and what to write to overrule it.
package enum DetectionReport {
    /// The lines of a report, without colour.
    package static func lines(_ detection: Detection) -> [String] {
        var lines = heading(detection)
        lines += values(detection)
        if !detection.scripts.isEmpty {
            lines.append(row("scripts", detection.scripts.joined(separator: ", "), ""))
        }
        if !detection.services.isEmpty {
            lines.append(row("services", detection.services.joined(separator: ", "), ""))
        }
        lines += apps(detection)
        lines += list("variables it names", detection.requiredVariables)
        lines += list("seen as well", others(detection))
        lines += list("warnings", detection.warnings)
        return lines + advice(detection)
    }

    private static func heading(_ detection: Detection) -> [String] {
        let place = detection.path.map { "\($0): " } ?? ""
        guard let type = detection.projectType else {
            let what = detection.apps.isEmpty ? "unknown" : "no project at the root"
            return ["\(place)\(what)"] + list("looked for", detection.lookedFor)
        }
        let name = detection.framework.map { "\($0) (\(type))" } ?? type
        let kind =
            detection.kind == .app || detection.kind == .unknown ? "" : ", \(detection.kind.words)"
        let files = detection.isStatic ? ", served as files" : ""
        return ["\(place)\(name)\(kind)\(files)"]
    }

    /// Each value, `-` for one that is not known, with its reasons.
    private static func values(_ detection: Detection) -> [String] {
        guard detection.projectType != nil else { return [] }
        let runtime = detection.runtime.map { runtime in
            "\(runtime.name) \(runtime.version ?? "(no version pinned)")"
        }
        let rows: [(String, String?, Detection.Field)] = [
            ("type", detection.projectType, .projectType),
            ("language", detection.language, .language),
            ("runtime", runtime, .runtime),
            ("packages", detection.packageManager, .packageManager),
            ("install", detection.commands.install, .install),
            ("build", detection.commands.build, .build),
            ("start", detection.commands.start, .start),
            ("dev", detection.commands.dev, .dev),
            ("port", detection.port.map(String.init), .port),
            ("output", detection.outputDirectory, .outputDirectory),
        ]
        return rows.map { name, value, field in
            let reasons = detection.evidence.filter { $0.field == field }
                .map { "\($0.file): \($0.reason)" }
            return row(name, value ?? "-", value == nil ? "" : reasons.joined(separator: "; "))
        }
    }

    private static func row(_ name: String, _ value: String, _ reason: String) -> String {
        let head = "  \(padded(name, 10))\(value)"
        return reason.isEmpty ? head : "\(padded(head, 48))  \(reason)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func apps(_ detection: Detection) -> [String] {
        guard !detection.apps.isEmpty else { return [] }
        return ["  applications, to be chosen with `path:`"]
            + detection.apps.map { app in
                "    \(padded(app.path ?? "", 24)) \(app.framework ?? app.projectType ?? "unknown")"
            }
    }

    private static func others(_ detection: Detection) -> [String] {
        detection.evidence.filter { $0.field == nil }.map { "\($0.file): \($0.reason)" }
    }

    private static func list(_ title: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["  \(title)"] + items.map { "    \($0)" }
    }

    /// The part of `preview.yaml` that says the same, to be changed as wished.
    private static func advice(_ detection: Detection) -> [String] {
        let commands = detection.commands
        let known: [(String, String?)] = [
            ("install", commands.install), ("build", commands.build), ("start", commands.start),
            ("port", detection.port.map(String.init)),
        ]
        let missing =
            detection.isStatic ? ["install", "build", "port"] : ["install", "start", "port"]
        let rows = known.compactMap { name, value -> String? in
            if let value { return "    \(name): \(name == "port" ? value : quoted(value))" }
            return missing.contains(name) && detection.projectType == nil
                ? "    \(name): …" : nil
        }
        let title =
            detection.projectType == nil
            ? "  To say how it runs, write in preview.yaml:"
            : "  To overrule any of this, write in preview.yaml:"
        return rows.isEmpty ? [] : [title, "  run:"] + rows
    }

    /// A shell line as a YAML value.
    private static func quoted(_ line: String) -> String {
        let isPlain =
            line.allSatisfy { $0.isLetter || $0.isNumber || " ._-/$=".contains($0) }
            && line.first?.isLetter ?? false
        return isPlain ? line : "'\(line.replacing("'", with: "''"))'"
    }
}

extension Detection.Kind {
    /// The kind as it stands behind a name.
    fileprivate var words: String {
        switch self {
        case .app: "an application"
        case .library: "a library, which nothing starts"
        case .commandLineTool: "a command-line tool"
        case .container: "the root of several projects"
        case .unknown: "nothing known to start"
        }
    }
}
