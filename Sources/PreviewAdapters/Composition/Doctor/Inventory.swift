import PreviewCore
import PreviewSystem

/// What there is around a preview: settings, files, endpoints and where to read on; values of
/// settings are never in it (BEHAVIOURS S7, S14).
struct Inventory: Sendable {
    private let patient: Patient

    /// Variables that decide something, besides tokens and what a configuration names.
    private static let variables = [
        "FLY_ORG", "FLY_REGION", "FLY_APP", "FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL",
        "GITHUB_API_URL", "GITHUB_SERVER_URL", "PREVIEW_FILE", "PREVIEW_STATE", "PREVIEW_BRANCH",
        "PREVIEW_PROVIDER", "PREVIEW_REGION", "PREVIEW_YES", "PREVIEW_DEBUG",
        "PREVIEW_NON_INTERACTIVE",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_REGION", "PGPASSWORD", "DATABASE_URL", "CI", "NO_COLOR", "http_proxy", "https_proxy",
        "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "TMPDIR",
    ]

    init(_ patient: Patient) { self.patient = patient }

    /// The members of `preview doctor --json` besides its checks.
    var json: JSONObject {
        var document = JSONObject()
        document["user"] = .string(patient.surroundings.user)
        document["host"] = .string(patient.surroundings.host)
        document["settings"] = .array(settings)
        document["files"] = .array(files)
        document["endpoints"] = .array(endpoints)
        document["workflows"] = .array(workflows.map(JSONValue.string))
        document["documentation"] = [
            "preview help config", "preview help environment", "preview help exit-codes",
            "preview explain CODE", "http://127.0.0.1:4747/openapi.json",
        ]
        return document
    }

    /// The variables that are looked at, by name, and those of them that are set.
    private var settings: [JSONValue] {
        let secrets = patient.config?.secrets.compactMap { reference -> String? in
            guard case .environment(let name) = reference.source else { return nil }
            return name
        }
        var seen: Set<String> = []
        return (Tokens.names + Self.variables + (secrets ?? [])).compactMap { name in
            guard seen.insert(name).inserted else { return nil }
            let value = patient.surroundings.value(name)
            return [
                "name": .string(name), "present": .bool(value != nil),
                "value": JSONValue(value.map { Self.masked($0, of: name) }),
            ]
        }
    }

    /// A value as it may be shown: of a token its kind, of anything else nothing.
    private static func masked(_ value: String, of name: String) -> String {
        if name.hasPrefix("FLY_"), name.hasSuffix("TOKEN") { return TokenKind.fly(value).masked }
        let isGitHub = name == "GH_TOKEN" || name.hasPrefix("GITHUB_") && name.hasSuffix("TOKEN")
        return isGitHub ? TokenKind.gitHub(value).masked : Redactor.mask
    }

    private var files: [JSONValue] {
        // Without a file its name is told as missing, in the folder that was looked in.
        let found = try? ConfigFile.find(patient.choices, in: patient.surroundings)
        let folder = found?.folder ?? patient.surroundings.workingDirectory
        let data = patient.dataFolder ?? "\(folder)/.preview"
        return [
            ("configuration", found?.path ?? "\(folder)/\(ConfigFile.name)"),
            (
                "secrets",
                patient.choices.envFile.map(patient.surroundings.absolute) ?? "\(folder)/.env"
            ),
            ("data", data), ("server tokens", "\(data)/\(TokenFile.fileName)"),
        ].map { name, path in
            [
                "name": .string(name), "path": .string(path),
                "present": .bool(Host.resolved(path) != nil),
            ]
        }
    }

    private var endpoints: [JSONValue] {
        var endpoints = [
            ("fly machines", patient.fly.machinesURL), ("fly platform", patient.fly.platformURL),
            (
                "github",
                patient.surroundings.value("GITHUB_API_URL") ?? GitHubAPI.publicURL
            ),
        ]
        // Without a store there is no place to tell.
        if let place = (try? patient.records.get())?.place { endpoints.append(("store", place)) }
        return endpoints.map { name, url in
            ["name": .string(name), "url": .string(CredentialMask.masked(url))]
        }
    }

    /// Workflows of GitHub in the repository that speak of this program.
    private var workflows: [String] {
        guard case .success(let workspace) = patient.workspace else { return [] }
        let path = workspace.file.folder + "/.github/workflows"
        // A folder that is not there, or not to be read, holds none.
        guard let folder = try? Folder.open(path, ownedBy: .any),
            let names = try? folder.entryNames()
        else { return [] }
        return names.sorted().filter { name in
            guard name.hasSuffix(".yml") || name.hasSuffix(".yaml"),
                // One that cannot be read says nothing, as said above.
                let bytes = try? folder.read(name, limit: 1 << 20)
            else { return false }
            return String(decoding: bytes, as: UTF8.self).contains("preview ")
        }
    }
}
