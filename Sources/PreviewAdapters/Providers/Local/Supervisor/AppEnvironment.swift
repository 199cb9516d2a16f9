import PreviewCore

/// The variables that the commands of a release see. Pure.
struct AppEnvironment {
    /// What the commands see of this machine's environment.
    var base: [String: String]
    var release: Release
    var settings: Settings
    var secrets: [String: String]
    /// The machine's name and its owner's lineage: by these, processes whose supervisor is gone
    /// are found again.
    var marks: [String: String]
    /// The port the app is given.
    var port: Int
    /// The folder of a Python virtual environment, if there is one.
    var virtualEnvironment: String?

    /// For the start command, and for commands run beside the app.
    var forApp: [String: String] {
        var variables = base
        // Output goes to a pipe, where Python would keep lines back until there are many.
        variables["PYTHONUNBUFFERED"] = variables["PYTHONUNBUFFERED"] ?? "1"
        if let virtualEnvironment {
            variables["VIRTUAL_ENV"] = virtualEnvironment
            variables["PATH"] = [virtualEnvironment + "/bin", variables["PATH"]]
                .compactMap(\.self).joined(separator: ":")
            variables["PYTHONHOME"] = nil
        }
        variables.merge(release.previewVariables) { $1 }
        variables["PORT"] = String(port)
        variables["HOST"] = "127.0.0.1"
        variables.merge(settings.environment) { $1 }
        variables.merge(secrets) { $1 }
        variables.merge(marks) { $1 }
        return variables
    }

    /// For the build command: as for the app.
    var forBuild: [String: String] { forApp }

    /// For the install command. With `NODE_ENV=production` npm, pnpm, yarn and bun would leave out
    /// the development dependencies, which a build commonly needs (BEHAVIOURS D35).
    var forInstall: [String: String] {
        var variables = forApp
        guard variables["NODE_ENV"] == "production" else { return variables }
        variables["NODE_ENV"] = nil
        // Settings of the project may say the same as the variable did.
        variables["NPM_CONFIG_INCLUDE"] = "dev"
        variables["YARN_PRODUCTION"] = "false"
        return variables
    }

    /// The names of the marks.
    enum Mark {
        static let machine = "PREVIEW_MACHINE"
        static let lineage = "PREVIEW_LINEAGE"
    }

    /// The part of an environment that the commands of a repository may see: everything but the
    /// credentials and settings of this program and of its providers, and what belongs to the shell
    /// or the package script it was called from.
    static func base(of environment: [String: String]) -> [String: String] {
        environment.filter { name, _ in
            !hidden.contains(name) && !hiddenPrefixes.contains { name.hasPrefix($0) }
        }
    }

    private static let hidden: Set = [
        "GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN",
        "PGPASSWORD", "PORT", "HOST", "NODE_ENV", "PWD", "OLDPWD", "SHLVL", "_", "INIT_CWD",
        "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME", "BASH_ENV", "ENV",
    ]
    private static let hiddenPrefixes = [
        "PREVIEW_", "FLY_", "AWS_", "ACTIONS_", "npm_lifecycle_", "npm_package_", "BASH_FUNC_",
    ]
}
