package import PreviewCore
package import PreviewSystem

extension Surroundings {
    /// git as this process may use it. Local paths are relative to `baseFolder`; `isMachineElsewhere`
    /// tells whether another machine will clone.
    package func git(baseFolder: String, isMachineElsewhere: Bool = false) -> GitRepository {
        var settings = GitRepository.Settings(
            environment: environment, baseFolder: baseFolder, homeFolder: home,
            temporaryFolder: value("TMPDIR") ?? "/tmp", token: Tokens(self).gitHub)
        settings.isMachineElsewhere = isMachineElsewhere
        settings.trace = gitTrace
        return GitRepository(settings)
    }

    /// Where commits come from: GitHub's API where a token for it is there, git for all else.
    ///
    /// The API is that of github.com. `GITHUB_API_URL` names another, such as that of the Enterprise
    /// server in `GITHUB_SERVER_URL`, under the names that GitHub's own runners set. `remark` is told
    /// why git goes on in place of the API.
    ///
    /// - Throws: ``Failure`` when `GITHUB_API_URL` is no address that may get a token.
    package func source(
        _ git: GitRepository, remark: @escaping @Sendable (Failure) -> Void
    ) throws -> GitHubSource {
        GitHubSource(git: git, api: try gitHubAPI(), remark: remark)
    }

    /// GitHub's interface; `nil` without a token for it, or where nothing says where it is.
    ///
    /// - Throws: ``Failure`` when `GITHUB_API_URL` is no address that may get a token.
    func gitHubAPI() throws -> GitHubAPI? {
        guard let token = Tokens(self).gitHub else { return nil }
        let chosen = value("GITHUB_API_URL")
        // Another server than the public one has its API at an address of its own.
        guard chosen != nil || token.host == Tokens.publicGitHub else { return nil }
        let client = HTTPClient(userAgent: "preview", network: network, trace: trace)
        if let api = GitHubAPI(url: chosen ?? GitHubAPI.publicURL, token: token, client: client) {
            return api
        }
        throw Failure(
            .usage, .usage, "GITHUB_API_URL is no https address",
            fix: "unset it, or set it to such as \(GitHubAPI.publicURL)")
    }

    /// How HTTP reaches the network, under the names that curl reads (curl(1)): `http_proxy` in lower
    /// case only, as a request's header could set the other in a CGI program.
    package var network: HTTPNetwork {
        HTTPNetwork(
            httpProxy: value("http_proxy") ?? value("ALL_PROXY") ?? value("all_proxy"),
            httpsProxy: value("https_proxy") ?? value("HTTPS_PROXY") ?? value("ALL_PROXY")
                ?? value("all_proxy"),
            withoutProxy: value("no_proxy") ?? value("NO_PROXY"),
            certificateFile: value("SSL_CERT_FILE"))
    }
}
