/// What was found out about a repository, or about one application in it (SPEC section 5).
package struct Detection: Hashable, Sendable {
    /// The folder of the application, relative to the repository; `nil` for the one asked about.
    package var path: String?
    /// The id of the catalogue's entry, such as `next`; `nil` for unknown.
    package var projectType: String?
    /// The framework's name for people; `nil` for bare runtimes.
    package var framework: String?
    /// Lower case, such as `typescript`; `nil` where the files do not tell.
    package var language: String?
    /// The tool that installs, such as `pnpm`; `nil` where there is nothing to install.
    package var packageManager: String?
    /// As pinned by the project, for corepack and messages; not part of the JSON.
    package var packageManagerVersion: String?
    /// What runs it; `nil` for static sites and where no language was recognised.
    package var runtime: Runtime?
    /// The shell lines of its life; each may be missing.
    package var commands = Commands()
    /// Where it is said to listen if it ignores `PORT`; `nil` where nothing is certain.
    package var port: Int?
    /// Where a build leaves its files, relative to the application.
    package var outputDirectory: String?
    /// Whether what is to be served are the files of ``outputDirectory``.
    package var isStatic = false
    /// Names of the scripts in `package.json`, in file order.
    package var scripts: [String] = []
    /// Applications of a monorepo, by path.
    package var apps: [Detection] = []
    /// Every fact that was used, in the order in which it was found.
    package var evidence: [Evidence] = []
    /// What a person should know or decide, a sentence each.
    package var warnings: [String] = []
    /// Whether there is something to boot at all.
    package var kind = Kind.unknown
    /// Files whose presence would have made an unknown project known.
    package var lookedFor: [String] = []
    /// Names in `.env.example`, in file order.
    package var requiredVariables: [String] = []
    /// Databases and the like that dependencies speak of, such as `postgres`; sorted.
    package var services: [String] = []
    /// What the commands need in their environment, such as `MIX_ENV`.
    package var environment: [String: String] = [:]
    /// How many files the repository has.
    package var fileCount = 0

    package init() {}

    /// The program that runs the project.
    package struct Runtime: Hashable, Sendable {
        /// Such as `node` or `python`.
        package var name: String
        /// A version or range as the project writes it; `nil` when it pins none.
        package var version: String?
        /// Where ``version`` is written, such as `package.json engines`.
        package var source: String?

        package init(name: String, version: String? = nil, source: String? = nil) {
            self.name = name
            self.version = version
            self.source = source
        }
    }

    /// Shell lines, run in the folder of the application.
    package struct Commands: Hashable, Sendable {
        /// Fetches dependencies; the reproducible form where a lock file allows it.
        package var install: String?
        /// Makes what is started or served; `nil` where nothing has to be built.
        package var build: String?
        /// Starts the app for visitors.
        package var start: String?
        /// Starts the app for development.
        package var dev: String?

        package init() {}
    }

    /// What kind of project it is, as far as one can tell.
    package enum Kind: String, Hashable, Sendable {
        case app
        case library
        case commandLineTool = "command-line tool"
        /// A root without an application of its own, such as that of a monorepo.
        case container
        case unknown
    }

    /// One fact and the value it speaks for.
    package struct Evidence: Hashable, Sendable {
        /// A file of the repository.
        package var file: String
        /// Why the file speaks for the value, such as `dependency next`.
        package var reason: String
        /// The value it speaks for; `nil` where it speaks for none of them.
        package var field: Field?

        package init(file: String, reason: String, field: Field?) {
            self.file = file
            self.reason = reason
            self.field = field
        }
    }

    /// The values that evidence can speak for. Raw values are member names of the JSON.
    package enum Field: String, Hashable, Sendable, CaseIterable {
        case projectType, language, packageManager, runtime
        case install, build, start, dev
        case port, outputDirectory, apps
    }
}

extension Detection {
    /// The object of SPEC section 5: every member is present, `null` where nothing is known.
    package var json: JSONValue {
        var members: [JSONObject.Member] = []
        if let path { members.append(.init(name: "path", value: .string(path))) }
        members += [
            .init(name: "projectType", value: JSONValue(projectType)),
            .init(name: "framework", value: JSONValue(framework)),
            .init(name: "language", value: JSONValue(language)),
            .init(name: "packageManager", value: JSONValue(packageManager)),
            .init(name: "runtime", value: runtime?.json ?? .null),
            .init(name: "commands", value: commands.json),
            .init(name: "port", value: port.map(JSONValue.int) ?? .null),
            .init(name: "outputDirectory", value: JSONValue(outputDirectory)),
            .init(
                name: "packageInfo",
                value: ["scripts": .array(scripts.map(JSONValue.string))]
            ),
            .init(name: "apps", value: .array(apps.map(\.json))),
            .init(name: "evidence", value: .array(evidence.map(\.json))),
            .init(name: "warnings", value: .array(warnings.map(JSONValue.string))),
        ]
        return .object(JSONObject(members))
    }
}

extension Detection.Runtime {
    fileprivate var json: JSONValue {
        ["name": .string(name), "version": JSONValue(version), "source": JSONValue(source)]
    }
}

extension Detection.Commands {
    fileprivate var json: JSONValue {
        [
            "install": JSONValue(install), "build": JSONValue(build), "start": JSONValue(start),
            "dev": JSONValue(dev),
        ]
    }
}

extension Detection.Evidence {
    fileprivate var json: JSONValue {
        var members: [JSONObject.Member] = [
            .init(name: "file", value: .string(file)),
            .init(name: "reason", value: .string(reason)),
        ]
        if let field { members.append(.init(name: "field", value: .string(field.rawValue))) }
        return .object(JSONObject(members))
    }
}
