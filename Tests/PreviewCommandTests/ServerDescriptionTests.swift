import PreviewCore
import Testing

@Suite("The description of the API")
struct ServerDescriptionTests {
    /// Where `make test` puts it, in an environment of its own, if it can be had.
    private static let program =
        #filePath.split(separator: "/").dropLast(3)
        .map { "/" + $0 }.joined() + "/.build/schemathesis/bin/schemathesis"

    @Test("/openapi.json is what the server does, as schemathesis finds out")
    func schemathesis() async throws {
        try await Sandbox.use { box in
            guard
                Allowed.check(
                    box.exists(Self.program), "/openapi.json", needing: "schemathesis")
            else { return }
            try box.makeSite()
            let server = try await RunningServer.start("--rate-limit", "10000", "-q", in: box)
            let id = try await server.open().id
            // Once with sessions that there are not, once with one that there is: what is done to it
            // by chance, its destruction included, must be described as well.
            for parameters in ["", "[parameters]\n\"path.id\" = \"\(id)\"\n"] {
                try box.write("\(box.root)/schemathesis.toml", parameters)
                let outcome = try await box.run(
                    [
                        Self.program, "--config-file", "\(box.root)/schemathesis.toml", "run",
                        "\(server.url)/openapi.json", "--header",
                        "Authorization: Bearer \(server.token)", "--max-examples", "8",
                        "--request-timeout", "20", "--seed", "1", "--no-color",
                        // A stream ends only when its preview does.
                        "--exclude-path-regex", "events$",
                    ], in: box.temporary, within: .seconds(240))
                #expect(outcome.code == 0, "\(outcome)")
            }
            #expect(try await server.call("GET", "/healthz").status == 200)
        }
    }

    @Test("a session is described with every field it has")
    func session() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let description = try await server.call("GET", "/openapi.json", token: "").json
            let described = description["components"]?["schemas"]?["Session"]?["properties"]
            let fields = try await server.open().json["session"]?.object?.names
            #expect(Set(described?.object?.names ?? []) == Set(fields ?? []))
        }
    }
}
