import PreviewCore
import Testing

@Suite("Q11: advice to an app that ignores PORT")
struct PortAdviceTests {
    @Test(
        "a tool in the start command is told by its option",
        arguments: [
            ("next start", "next start --port $PORT"),
            ("./node_modules/.bin/vite preview", "vite --port $PORT"),
            ("flask --app shop run", "flask run --port $PORT"),
            ("cd api && python manage.py runserver", "python manage.py runserver $HOST:$PORT"),
            ("python3 -m http.server 9000", "python3 -m http.server $PORT"),
            ("php -S localhost:8000 -t public", "php -S $HOST:$PORT"),
            ("bundle exec rails server", "rails server --port $PORT"),
        ]
    )
    func tools(start: String, example: String) {
        #expect(
            PortAdvice.fix(start: start, runtime: nil)
                == "let the start command pass the port on, as in `\(example)`"
        )
    }

    @Test(
        "a source is told in the words of its language",
        arguments: [
            ("node server.js", nil, "`process.env.PORT`"),
            ("npm run start", nil, "`process.env.PORT`"),
            (".venv/bin/python app.py", nil, "`os.environ[\"PORT\"]`"),
            ("./app", "go", "`os.Getenv(\"PORT\")`"),
            ("java -jar app.jar", "java", "`System.getenv(\"PORT\")`"),
        ] as [(String, String?, String)]
    )
    func sources(start: String, runtime: String?, words: String) {
        let fix = PortAdvice.fix(start: start, runtime: runtime)
        #expect(fix.hasPrefix("let the app listen on the port in the variable PORT, \(words)"))
    }

    @Test("one other port may be kept; of several it is not known which")
    func otherPort() {
        let one = PortAdvice.fix(start: "./app", runtime: nil, found: [9000])
        #expect(one.hasSuffix("or keep its port and say so: `run: { port: 9000 }`"))
        let two = PortAdvice.fix(start: "./app", runtime: nil, found: [9000, 9001])
        #expect(two == "let the app listen on the port in the variable PORT")
    }
}
