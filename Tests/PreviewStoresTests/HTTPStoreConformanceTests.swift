import PreviewAdapters
import PreviewCore
import PreviewTestSupport
import Testing

@Suite(
    "The store http passes what every store must",
    .enabled(if: StateServer.python != nil, "needs python3")
)
struct HTTPStoreConformanceTests {
    @Test(
        "R-10, R-14, R-44: at servers of every kind that keep two writers apart",
        arguments: [
            ["--tags=strong", "--locks=own"],
            ["--tags=strong", "--locks=own", "--ids=ignored"],
            ["--tags=none", "--locks=own", "--md5"],
            ["--tags=none", "--locks=409", "--password=c4n4ry-p4ss"],
            ["--tags=weak", "--locks=own"],
            ["--tags=ignored", "--locks=own"],
            ["--tags=weak", "--locks=plain", "--password=c4n4ry-p4ss"],
        ])
    func conforms(_ options: [String]) async throws {
        try await StateServer.run(options) { server in
            let password = options.last { $0.hasPrefix("--password=") }?
                .dropFirst("--password=".count)
            // The two ways of keeping writers apart bear all of them, the rest is about the protocol.
            let isMeasure = Self.measures.contains(options)
            try await StateStoreConformance(
                writers: isMeasure ? 50 : 8, rounds: isMeasure ? 20 : 5, outage: server.setDown
            ) {
                try server.store(
                    password: password.map(String.init),
                    change: { $0.knownNames = { (1...20).map(Self.name) } })
            }.run()
        }
    }

    private static let measures = [
        ["--tags=strong", "--locks=own"], ["--tags=none", "--locks=own", "--md5"],
    ]

    private static func name(_ number: Int) -> String {
        "conform-000000\(number < 10 ? "0" : "")\(number)"
    }
}
