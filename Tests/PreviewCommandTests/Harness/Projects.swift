import Testing

/// The projects that tests set up.
extension Sandbox {
    /// A configuration of a plain folder on this machine, with further lines.
    static func configuration(_ more: String = "") -> String {
        "version: 1\nname: shop\nrepo: .\nprovider: local\n" + more
    }

    /// A static page: nothing to install, served by the program itself.
    func makeSite(_ more: String = "") throws {
        try write("index.html", "<h1>hello</h1>\n")
        try write("preview.yaml", Self.configuration(more))
    }

    /// A page in a git repository beside the project, with one commit on main.
    func makeRepository(_ more: String = "") async throws {
        try write("\(root)/repo/index.html", "<h1>one</h1>\n")
        try await shell(
            "git init -q -b main . && git add . && git commit -q -m 'First page'",
            in: root + "/repo")
        try write(
            "preview.yaml", "version: 1\nname: shop\nrepo: ../repo\nprovider: local\n" + more)
    }

    /// Adds a commit to the repository.
    func commit(_ text: String) async throws {
        try write("\(root)/repo/index.html", text + "\n")
        try await shell("git commit -q -a -m 'Next page'", in: root + "/repo")
    }

    /// An app that answers with its environment, tells who it is and prints a line a request.
    func makeApp(_ more: String = "") throws {
        try write(
            "app.py",
            """
            import http.server, os, sys
            class Page(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write("".join(f"{k}={v}\\n" for k, v in os.environ.items()).encode())
                do_HEAD = do_GET
                def log_message(self, *words):
                    print("asked for", self.path, flush=True)
            print("app begins", os.environ.get("API_KEY", ""), flush=True)
            http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()

            """)
        try write(
            "preview.yaml",
            Self.configuration("run:\n  start: exec /usr/bin/python3 app.py\n" + more))
    }
}
