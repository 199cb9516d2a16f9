package import PreviewCore
package import PreviewSystem

/// A stand-in for GitHub's REST and GraphQL interfaces, over real HTTP: the shapes of its answers are
/// GitHub's (docs.github.com/rest, version 2022-11-28), their content is that of a real git repository.
package final class GitHubServer: Sendable {
    /// The only token it accepts.
    package static let token = "ghp_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry"
    /// The repository it has.
    package static let repository = "acme/shop"
    /// A text that is longer comes cut.
    static let largestText = 512_000

    private typealias Override = @Sendable (WebServer.Request) -> WebServer.Answer?
    private let web: WebServer
    private let override: Locked<Override>

    /// Begins to serve one repository.
    package init(_ objects: GitHubObjects) async throws {
        let override = Locked<Override> { _ in nil }
        self.override = override
        web = try await WebServer { request in
            override.withLock { $0 }(request)
                ?? GitHubAnswers(objects: objects, request: request).answer
        }
    }

    /// What `GITHUB_API_URL` would be.
    package var url: String { web.url() }

    /// Method and path of everything that was asked so far.
    package var calls: [String] { web.requests.map { "\($0.method) \($0.path)" } }

    /// Everything that was asked so far.
    package var requests: [WebServer.Request] { web.requests }

    /// Forgets what was asked.
    package func clear() { web.clear() }

    /// Answers some requests in another way from now on; `nil` leaves it to the server.
    package func answer(_ change: @escaping @Sendable (WebServer.Request) -> WebServer.Answer?) {
        override.withLock { $0 = change }
    }

    /// An answer with a JSON document and the headers that GitHub always sends.
    package static func json(
        _ document: JSONValue, status: Int = 200, headers: [HTTPHeader] = []
    ) -> WebServer.Answer {
        let usual = [
            HTTPHeader("Content-Type", "application/json; charset=utf-8"),
            HTTPHeader("X-GitHub-Request-Id", "C0DE:1A2B:3C4D"),
            HTTPHeader("X-RateLimit-Limit", "5000"),
        ]
        let left =
            headers.contains { $0.name == "X-RateLimit-Remaining" }
            ? [] : [HTTPHeader("X-RateLimit-Remaining", "4999")]
        return .response(
            status: status, headers: usual + left + headers, body: JSONWriter.line(document))
    }

    /// A refusal in GitHub's words.
    package static func refusal(
        _ status: Int, _ message: String, headers: [HTTPHeader] = []
    ) -> WebServer.Answer {
        json(
            [
                "message": .string(message), "documentation_url": "https://docs.github.com/rest",
                "status": .string(String(status)),
            ],
            status: status, headers: headers)
    }
}

/// How one request is answered.
private struct GitHubAnswers {
    let objects: GitHubObjects
    let request: WebServer.Request

    var answer: WebServer.Answer {
        guard request.header("User-Agent") != nil else {
            return GitHubServer.refusal(403, "Request forbidden by administrative rules.")
        }
        if let authorization = request.header("Authorization"),
            authorization != "Bearer \(GitHubServer.token)"
        {
            return GitHubServer.refusal(401, "Bad credentials")
        }
        let isKnown = request.header("Authorization") != nil
        if request.method == "POST", request.path == "/graphql" {
            return isKnown
                ? graphQL
                : GitHubServer.refusal(401, "This endpoint requires you to be authenticated.")
        }
        let parts = request.path.split(separator: "/").map(decoded)
        // The repository is private: without a token it looks as if it were not there.
        guard request.method == "GET", isKnown, let rest = insideRepository(parts) else {
            return notFound
        }
        switch rest.count {
        case 1 where rest[0] == "branches": return branches
        case 2 where rest[0] == "branches": return branch(rest[1])
        case 3 where rest[0] == "git" && rest[1] == "trees": return tree(rest[2])
        case 3 where rest[0] == "git" && rest[1] == "blobs": return blob(rest[2])
        default: return notFound
        }
    }

    private var notFound: WebServer.Answer { GitHubServer.refusal(404, "Not Found") }

    /// What follows the repository in a path, under its name or its number.
    private func insideRepository(_ parts: [String]) -> [String]? {
        let name = GitHubServer.repository.split(separator: "/").map(String.init)
        if parts.prefix(3) == (["repos"] + name)[...] { return Array(parts.dropFirst(3)) }
        return parts.prefix(2) == ["repositories", "1296269"] ? Array(parts.dropFirst(2)) : nil
    }

    private func decoded(_ part: Substring) -> String {
        String(
            part.replacing("%2F", with: "/").replacing("%23", with: "#").replacing("%40", with: "@")
        )
    }

    private var query: [String: String] {
        let pairs = request.target.drop { $0 != "?" }.dropFirst().split(separator: "&")
        return Dictionary(
            pairs.map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], parts.count == 2 ? parts[1] : "")
            }
        ) { _, last in last }
    }

    private var base: String { "http://\(request.header("Host") ?? "")" }
}

// MARK: - REST

extension GitHubAnswers {
    private var branches: WebServer.Answer {
        let size = min(query["per_page"].flatMap(Int.init) ?? 30, 100)
        let number = query["page"].flatMap(Int.init) ?? 1
        let names = objects.branches.keys.sorted()
        let page = names.dropFirst((number - 1) * size).prefix(size)
        let next = "\(base)\(request.path)?per_page=\(size)&page=\(number + 1)"
        let link = HTTPHeader("Link", "<\(next)>; rel=\"next\", <\(next)>; rel=\"last\"")
        return GitHubServer.json(
            .array(
                page.map { name in
                    [
                        "name": .string(name),
                        "commit": ["sha": JSONValue(objects.branches[name]), "url": ""],
                        "protected": false,
                    ]
                }),
            headers: number * size < names.count ? [link] : [])
    }

    private func branch(_ name: String) -> WebServer.Answer {
        guard let sha = objects.branches[name], let commit = objects.commit(sha) else {
            return GitHubServer.refusal(404, "Branch not found")
        }
        let author: JSONValue = ["name": "A", "email": "a@example.org"]
        return GitHubServer.json([
            "name": .string(name),
            "commit": [
                "sha": .string(sha), "node_id": "C_kwDO",
                "commit": [
                    "author": author, "committer": author, "message": .string(commit.message),
                    "tree": ["sha": .string(commit.tree), "url": ""], "comment_count": 0,
                ],
                "url": "", "html_url": "", "parents": [],
            ],
            "protected": false,
        ])
    }

    private func tree(_ name: String) -> WebServer.Answer {
        guard query["recursive"] != nil, let entries = objects.entries(of: name) else {
            return notFound
        }
        return GitHubServer.json([
            "sha": .string(name), "url": "",
            "tree": .array(
                entries.map { entry in
                    var row: JSONObject = JSONObject([
                        .init(name: "path", value: .string(entry.path)),
                        .init(name: "mode", value: .string(entry.mode)),
                        .init(name: "type", value: .string(entry.type)),
                        .init(name: "sha", value: .string(entry.object)),
                    ])
                    if let blob = objects.blob(entry.object) { row["size"] = .int(blob.count) }
                    // Of a submodule GitHub gives no address.
                    if entry.type != "commit" {
                        row["url"] = .string("\(base)/git/\(entry.object)")
                    }
                    return .object(row)
                }),
            "truncated": false,
        ])
    }

    private func blob(_ name: String) -> WebServer.Answer {
        guard let content = objects.blob(name) else { return notFound }
        guard request.header("Accept") == "application/vnd.github.raw+json" else {
            return GitHubServer.refusal(415, "The stand-in gives raw blobs only.")
        }
        return .response(
            status: 200,
            headers: [HTTPHeader("Content-Type", "application/vnd.github.raw+json; charset=utf-8")],
            body: content)
    }
}

// MARK: - GraphQL

extension GitHubAnswers {
    private var graphQL: WebServer.Answer {
        do {
            let call = try JSONReader.read(request.body)
            let query = try GitHubQuery(call["query"]?.string ?? "")
            let data = try answer(query, variables: call["variables"] ?? .null)
            return GitHubServer.json(["data": data])
        } catch let refusal as GitHubQuery.Refusal {
            return GitHubServer.json(["errors": [["message": .string(refusal.message)]]])
        } catch {
            return GitHubServer.refusal(400, "Problems parsing JSON")
        }
    }

    private func answer(_ query: GitHubQuery, variables: JSONValue) throws -> JSONValue {
        func value(
            _ field: GitHubQuery.Field, _ name: String, type: String
        ) throws -> String? {
            guard let variable = field.arguments[name] else { return nil }
            guard query.variables[variable] == type else {
                throw GitHubQuery.Refusal(message: "Type mismatch on variable $\(variable)")
            }
            return variables[variable]?.string
        }
        var data = JSONObject()
        for field in query.fields {
            guard field.name == "repository" else { throw absent(field, on: "Query") }
            let name = [
                try value(field, "owner", type: "String!"),
                try value(field, "name", type: "String!"),
            ].map { $0 ?? "" }.joined(separator: "/")
            guard name == GitHubServer.repository else {
                data[field.alias] = .null
                continue
            }
            var repository = JSONObject()
            for field in field.fields {
                guard field.name == "object" else { throw absent(field, on: "Repository") }
                let oid = try value(field, "oid", type: "GitObjectID!")
                repository[field.alias] = try object(oid ?? "", field.fields)
            }
            data[field.alias] = .object(repository)
        }
        return .object(data)
    }

    private func absent(_ field: GitHubQuery.Field, on type: String) -> GitHubQuery.Refusal {
        GitHubQuery.Refusal(message: "Field '\(field.name)' doesn't exist on type '\(type)'")
    }

    private func object(_ oid: String, _ fields: [GitHubQuery.Field]) throws -> JSONValue {
        guard let content = objects.blob(oid) else { return .null }
        let cut = content.prefix(GitHubServer.largestText)
        let isBinary = content.prefix(8000).contains(0)
        var answer = JSONObject()
        for field in fields {
            guard field.type == "Blob" || field.name == "oid" else {
                throw absent(field, on: "GitObject")
            }
            switch field.name {
            case "oid": answer[field.alias] = .string(oid)
            case "byteSize": answer[field.alias] = .int(content.count)
            case "isBinary": answer[field.alias] = .bool(isBinary)
            case "isTruncated": answer[field.alias] = .bool(cut.count < content.count)
            case "text": answer[field.alias] = isBinary ? .null : .string(Self.text(cut))
            default: throw absent(field, on: "Blob")
            }
        }
        return .object(answer)
    }

    /// What is no UTF-8 is taken for Latin-1, and a byte order mark is dropped: not known of GitHub
    /// in every case, and the worst that could be.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
    }
}
