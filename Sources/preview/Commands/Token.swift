import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Who may use the server.",
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self])
}

struct TokenCreateCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token and print it, once.",
        discussion: """
            Only its digest is kept. Previews of a named user are apart from everybody else's;
            without a name the token shares those of the command line.

            Examples:
              preview token create
              preview token create --user ada
            """)

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard let user = global.common.user, !UserName.isValid(user) else { return }
        throw ValidationError("--user takes \(UserName.rule)")
    }

    func execute(_ context: CommandContext) async throws {
        // This user's own name would be one that the command line's previews carry already.
        let user = global.common.user
        let named = user == context.surroundings.user ? nil : user
        let made = AccessToken.make(for: named, at: Clocks.now(), random: Moment.randomBytes)
        let file = TokenFile(
            data: try Records.find(context.choices, in: context.surroundings).data)
        try file.update { $0.append(made.kept) }
        if context.isJSON {
            return context.result([
                "id": .string(made.kept.id), "user": JSONValue(named), "token": .string(made.text),
            ])
        }
        context.note("Token \(made.kept.id); it is shown this once:")
        context.result(made.text)
    }
}

struct TokenListCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The tokens there are, without themselves.",
        discussion: """
            Examples:
              preview token list
              preview token list --user ada --json
            """)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: CommandContext) async throws {
        let file = TokenFile(
            data: try Records.find(context.choices, in: context.surroundings).data)
        let (own, user) = (context.surroundings.user, global.common.user)
        let tokens = try file.tokens().filter { user == nil || ($0.user ?? own) == user }
        if context.isJSON {
            return context.result([
                "tokens": .array(
                    tokens.map {
                        [
                            "id": .string($0.id), "user": JSONValue($0.user),
                            "createdAt": .string($0.createdAt.text),
                        ]
                    })
            ])
        }
        guard !tokens.isEmpty else { return context.note("There are no tokens.") }
        context.result(context.paint.dim("TOKEN     CREATED               USER"))
        for token in tokens {
            context.result("\(token.id)  \(token.createdAt.text)  \(token.user ?? own)")
        }
    }
}

struct TokenRevokeCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Take a token back; it ends at once, in servers that run as well.",
        discussion: """
            Examples:
              preview token revoke 3f2c1ab9      one, by its name in the list
              preview token revoke --user ada    all of a user
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of the token, from `preview token list`.")
    var token: String?

    func validate() throws {
        guard (token == nil) != (global.common.user == nil) else {
            throw ValidationError("name a token, or a user with --user")
        }
    }

    func execute(_ context: CommandContext) async throws {
        let file = TokenFile(
            data: try Records.find(context.choices, in: context.surroundings).data)
        let (own, user) = (context.surroundings.user, global.common.user)
        let count = try file.update { tokens in
            let before = tokens.count
            tokens.removeAll { $0.id == token || (user != nil && ($0.user ?? own) == user) }
            return before - tokens.count
        }
        guard count > 0 else {
            throw Failure(
                .tokenUnknown, .usage,
                token.map { "there is no token \(TerminalText.sanitized($0))" }
                    ?? "that user has no token",
                fix: "`preview token list` shows those there are", retry: "preview token list")
        }
        context.result(count == 1 ? "Revoked 1 token." : "Revoked \(count) tokens.")
    }
}
