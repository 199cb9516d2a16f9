import FoundationEssentials

/// A secret that a host takes in place of a password. It has no description, so that it cannot
/// get into a text by accident; it is encoded for one purpose only, the pipe to a supervisor.
package struct GitToken: Sendable, Codable, CustomStringConvertible, CustomReflectable {
    /// The only host it is sent to, lower case.
    package let host: String
    let value: String
    /// Where it was found, for whoever has to replace it.
    let variable: String

    /// A token for one host, from a variable of the environment.
    package init(host: String, value: String, variable: String = "GITHUB_TOKEN") {
        self.host = host
        self.value = value
        self.variable = variable
    }

    /// What hosts take for the user name of a token: GitHub this word, GitLab and others any.
    static let user = "x-access-token"

    /// Never the token.
    package var description: String { "***" }
    /// Shows nothing of it to whoever dumps the value.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Every spelling under which the secret could turn up in what git prints.
    var spellings: [String] { [value, Data("\(Self.user):\(value)".utf8).base64EncodedString()] }
}

/// The variables that git gets: the user's own, so that proxies, certificates and ssh agents work,
/// but nothing that could ask, redirect git to another repository, or log a secret.
package struct GitEnvironment: Sendable {
    /// Ready for a child process.
    package let variables: [String: String]

    /// Prepares the variables.
    ///
    /// - Parameters:
    ///   - inherited: the environment of this program.
    ///   - token: given to its host when that asks for a password; it travels in the environment
    ///     and never in arguments or URLs (ENGINE section 7).
    ///   - endpoint: host and port the token is for, where the address has a port of its own.
    ///   - sshCommand: the user's `core.sshCommand`, if there is one.
    package init(
        inherited: [String: String],
        token: GitToken? = nil,
        endpoint: String? = nil,
        sshCommand: String? = nil
    ) {
        var variables = inherited.filter { !Self.isRemoved($0.key) }
        variables.merge(Self.fixed) { $1 }
        if variables["GIT_SSH_COMMAND"] == nil, variables["GIT_SSH"] == nil {
            variables["GIT_SSH_COMMAND"] = (sshCommand ?? "ssh") + " -oBatchMode=yes"
        }
        if let token {
            Self.add(token, for: endpoint ?? token.host, to: &variables)
        }
        self.variables = variables
    }

    private static let fixed = [
        // Parsed by GitTrouble, so always English.
        "LC_ALL": "C", "LANGUAGE": "C",
        // An empty name means that nobody is asked; unset, git would try other means.
        "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never", "GIT_OPTIONAL_LOCKS": "0",
    ]

    /// Variables that point git somewhere else (`git rev-parse --local-env-vars`), overrule the
    /// precautions of ``GitCommand``, or trace.
    private static let removed: Set = [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS",
        "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE",
        "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
        "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_ALLOW_PROTOCOL",
        "GIT_PROTOCOL_FROM_USER", "GIT_CURL_VERBOSE", "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
    ]

    private static func isRemoved(_ name: String) -> Bool {
        removed.contains(name) || name.hasPrefix("GIT_TRACE")
    }

    /// Adds a credential helper behind the configuration that the environment already has. The empty
    /// value first drops the user's own helpers for this host, which would be given the token to
    /// keep.
    ///
    /// Not a header by `http.extraHeader`: git sends that to a host it was redirected to as well.
    private static func add(
        _ token: GitToken,
        for endpoint: String,
        to variables: inout [String: String]
    ) {
        let count = variables["GIT_CONFIG_COUNT"].flatMap(Int.init) ?? 0
        for (index, helper) in ["", helper].enumerated() {
            variables["GIT_CONFIG_KEY_\(count + index)"] = "credential.https://\(endpoint).helper"
            variables["GIT_CONFIG_VALUE_\(count + index)"] = helper
        }
        variables["GIT_CONFIG_COUNT"] = String(count + 2)
        variables[tokenVariable] = token.value
    }

    private static let tokenVariable = "PREVIEW_GIT_TOKEN"

    /// Constant words for the shell that git starts; the token comes from the environment.
    private static let helper =
        #"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "#
        + #"\#(GitToken.user) "$\#(tokenVariable)"; }; f"#
}
