import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// One run of the server, from its flags to its exit code.
struct Service {
    let work: WorkOptions
    let reach: ReachOptions

    /// Serves until a signal comes; gives the exit code.
    func run() async throws -> Int32 {
        var surroundings = try Surroundings.ofThisProcess()
        surroundings.executable = try Self.commandLine(beside: surroundings.executable)
        let finder = PreviewFinder(
            work.choices, in: surroundings,
            permission: try RepositoryPermission(work.allowRepo))
        // What is wrong with the file is said before anybody waits for an answer.
        _ = try await finder.template()
        let previews = ServedPreviews(finder, in: surroundings)
        let data = try Records.find(work.choices, in: surroundings).data
        let token = try ServerToken(data: data, surroundings: surroundings)
        let requests = try Signals.install()
        let announcement = Announcement(
            reach: reach, token: token.printed, surroundings: surroundings)
        let listener = try ServerListener(
            reach.settings(in: surroundings), previews: previews, tokens: token.tokens,
            log: log, ready: announcement.make)
        return try await serve(listener, previews, until: requests)
    }

    /// The first signal ends the runs under way so that they can be resumed, and then the server; the
    /// second ends everything at once.
    private func serve(
        _ listener: ServerListener, _ previews: ServedPreviews,
        until requests: AsyncStream<Signals.Request>
    ) async throws -> Int32 {
        let ending = Task<Int32, Never> {
            for await request in requests {
                let failure = StopRequest.Reason.signal(request).failure
                if await !listener.stop() { previews.sayFarewell(failure) }
                return failure.kind.exitCode
            }
            return 0
        }
        try await listener.run()
        return await ending.value
    }

    private var log: @Sendable (RequestRecord) -> Void {
        guard !reach.quiet else { return { _ in } }
        return { record in
            let time = Host.localClockTime(unixSeconds: Clocks.now().seconds)
            OutputChannel.standardError.write("[\(time)] \(record.text)\n")
        }
    }

    /// The command line's program, which supervises local previews.
    private static func commandLine(beside server: String) throws -> String {
        let folder = server.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        guard let program = Host.resolved(folder + "/preview") else {
            throw Failure(
                .serverMissing, "there is no program `preview` beside this one",
                evidence: [.init("folder", folder)], fix: "install both, as `make install` does")
        }
        return program
    }
}

/// The tokens that open the server, and the one to print where none was made before.
private struct ServerToken {
    let tokens: ServerTokens
    let printed: String?

    init(data: DataFolder, surroundings: Surroundings) throws {
        let file = TokenFile(data: data)
        var fixed: [AccessToken] = []
        if let text = surroundings.value("PREVIEW_SERVE_TOKEN") {
            fixed = [AccessToken(text, id: "environment", user: nil, createdAt: Clocks.now())]
            printed = nil
        } else if try file.tokens().isEmpty {
            let made = AccessToken.make(
                for: nil, at: Clocks.now(), random: Moment.randomBytes)
            fixed = [made.kept]
            printed = made.text
        } else {
            printed = nil
        }
        // A named user of this name would pass for the one whose previews the command line shows.
        let own = surroundings.user
        tokens = ServerTokens(
            .init(changed: file.changed, read: { try file.tokens().filter { $0.user != own } }),
            fixed: fixed)
    }
}

/// What is said once the server listens: where, on standard output.
private struct Announcement {
    let reach: ReachOptions
    let token: String?
    let surroundings: Surroundings

    /// Tells the address; a token is in its fragment, which no browser sends anywhere.
    @Sendable func make(_ port: Int) {
        let scheme = reach.tlsCertificate == nil ? "http" : "https"
        let isAnywhere = ["0.0.0.0", "::"].contains(reach.address)
        let host = isAnywhere ? reach.allowHost.first ?? "127.0.0.1" : reach.address
        let shown = host.contains(":") ? "[\(host)]" : host
        let url = "\(scheme)://\(shown):\(port)/" + (token.map { "#token=\($0)" } ?? "")
        OutputChannel.standardOutput.write("\(url)\n")
        guard reach.open else { return }
        let surroundings = surroundings
        Task {
            // The address is printed as well; a browser that cannot be opened hinders nothing.
            _ = try? await Browser.open(url, in: surroundings)
        }
    }
}
