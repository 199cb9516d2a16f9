import PreviewCore
import Testing

@Suite("Boot diagnosis")
struct BootDiagnosisTests {
    @Test(
        "what was printed last tells the fix",
        arguments: [
            (
                "Error: Cannot find module 'express'",
                "`express` to the dependencies in package.json"
            ),
            ("Error: Cannot find module '@scope/pkg/sub'", "`@scope/pkg` to the dependencies"),
            ("Error: Cannot find module '/app/dist/index.js'", "`/app/dist/index.js` is not there"),
            (
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'koa' imported from /a/b.mjs",
                "`koa` to the dependencies"
            ),
            ("ModuleNotFoundError: No module named 'flask'", "module `flask`"),
            ("ModuleNotFoundError: No module named 'a.b.c'", "module `a`"),
            ("cannot load such file -- sinatra (LoadError)", "gem of `sinatra`"),
            ("Error: listen EADDRINUSE: address already in use :::3000", "variable PORT"),
            ("OSError: [Errno 98] Address already in use", "variable PORT"),
            ("sh: 1: vite: not found", "install `vite`"),
            ("bash: line 1: next: command not found", "install `next`"),
            ("KeyError: 'DATABASE_URL'", "set `DATABASE_URL`"),
            ("Error: missing environment variable STRIPE_KEY", "set `STRIPE_KEY`"),
            ("npm error Missing script: \"start\"", "script `start`"),
            (
                "npm error `npm ci` can only install packages when your package.json and "
                    + "package-lock.json are in sync.", "commit the lockfile"
            ),
            ("Error: connect ECONNREFUSED 127.0.0.1:5432", "start PostgreSQL"),
            ("redis: dial tcp 127.0.0.1:6379: connect: Connection refused", "start Redis"),
            ("npm WARN EBADENGINE Unsupported engine {", "version of node"),
            ("ERROR: Package 'x' requires a different Python: 3.9 not in '>=3.12'", "Python"),
            ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory", "memory"),
            ("OSError: [Errno 28] No space left on device", "disk space"),
            ("npm error code EAI_AGAIN", "network"),
        ]
    )
    func known(_ line: String, _ part: String) throws {
        let fix = try #require(
            BootDiagnosis.fix(for: ["some line", line, "    at other (file:1:2)"])
        )
        #expect(fix.contains(part), "\(fix)")
    }

    @Test("of several known lines the last one counts")
    func last() {
        let fix = BootDiagnosis.fix(for: ["sh: 1: vite: not found", "KeyError: 'SECRET_KEY'"])
        #expect(fix?.contains("SECRET_KEY") == true)
    }

    @Test(
        "ordinary lines say nothing",
        arguments: [
            "", "Listening on 3000", "KeyError: 'name'", "error: 1: not", "the env var is set",
        ]
    )
    func unknown(_ line: String) {
        #expect(BootDiagnosis.fix(for: [line]) == nil)
    }
}
