/// The text of a script, taken apart as far as the rules ask: the commands it runs, without what
/// only prepares their environment.
struct ScriptLine {
    /// The words of each command.
    let commands: [[String]]

    init(_ text: String) {
        commands = Self.split(text).map(Self.unwrapped).filter { !$0.isEmpty }
    }

    /// Whether it does nothing, or only says that there is nothing to do.
    var isEmpty: Bool {
        commands.allSatisfy { ["echo", "exit", "true", "false", ":", "printf"].contains($0[0]) }
    }

    /// Splits at `&&`, `||`, `;`, `|` and `&`, and into words, minding quotes.
    private static func split(_ text: String) -> [[String]] {
        var commands: [[String]] = []
        var words: [String] = []
        var word = ""
        var quote: Character?
        func endWord() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in text {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if "&|;\n".contains(character) {
                endWord()
                if !words.isEmpty { commands.append(words) }
                words = []
            } else if character.isWhitespace {
                endWord()
            } else {
                word.append(character)
            }
        }
        endWord()
        return words.isEmpty ? commands : commands + [words]
    }

    private static let wrappers: Set<String> = [
        "npx", "bunx", "pnpx", "cross-env", "env", "cross-env-shell", "exec", "sudo", "time",
    ]

    /// Without variables, `npx` and its kind, and the path of the binary.
    private static func unwrapped(_ command: [String]) -> [String] {
        var words = command[...]
        while let first = words.first {
            if isAssignment(first) || wrappers.contains(first) {
                words = words.dropFirst()
                if wrappers.contains(first) { words = words.drop { $0.hasPrefix("-") } }
            } else if first == "dotenv" || first == "env-cmd" || first == "dotenvx" {
                words = afterOptions(words.dropFirst())
            } else if ["pnpm", "npm", "yarn"].contains(first),
                words.count > 2, ["exec", "dlx", "x"].contains(words[words.startIndex + 1])
            {
                words = words.dropFirst(2).drop { $0.hasPrefix("-") }
            } else if first == "bun", words.count > 1, words[words.startIndex + 1] == "--bun" {
                words = words.dropFirst(2).drop { $0 == "run" }
            } else {
                break
            }
        }
        guard let first = words.first else { return [] }
        return [binary(first)] + words.dropFirst()
    }

    /// What stands behind `--`, or behind the options.
    private static func afterOptions(_ words: ArraySlice<String>) -> ArraySlice<String> {
        if let dashes = words.firstIndex(of: "--") { return words[(dashes + 1)...] }
        var rest = words
        while let first = rest.first, first.hasPrefix("-") || first.hasPrefix(".env") {
            rest = rest.dropFirst()
        }
        return rest.first == "run" ? rest.dropFirst() : rest
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals != word.startIndex else { return false }
        return word[..<equals].allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")
        }
    }

    /// `./node_modules/.bin/vite` is `vite`, `@11ty/eleventy` is `eleventy`.
    private static func binary(_ word: String) -> String {
        if word.contains("node_modules/.bin/") || word.hasPrefix("@") {
            return RelativePath.name(of: word)
        }
        return word
    }

    /// Whether any of its commands is that program.
    func runs(_ binary: String) -> Bool { commands.contains { $0[0] == binary } }

    /// Whether any of its commands is that program with that verb.
    func runs(_ binary: String, _ verb: String) -> Bool {
        commands.contains { $0[0] == binary && $0.count > 1 && $0[1] == verb }
    }

    /// The value of an option of any command: `--out x` or `--out=x`.
    func option(_ names: String...) -> String? {
        for command in commands {
            for (index, word) in command.enumerated() {
                if names.contains(word), index + 1 < command.count { return command[index + 1] }
                for name in names where word.hasPrefix(name + "=") {
                    return String(word.dropFirst(name.count + 1))
                }
            }
        }
        return nil
    }

    /// The name of the script that the last command hands over to, as in `npm run dev`.
    func handsOver(to scripts: [String]) -> String? {
        guard let last = commands.last, last.count > 1,
            ["npm", "yarn", "pnpm", "bun"].contains(last[0])
        else { return nil }
        let words = last.dropFirst().filter {
            !$0.hasPrefix("-") && $0 != "run" && $0 != "run-script"
        }
        return words.first.flatMap { scripts.contains($0) ? $0 : nil }
    }

    // MARK: - Development servers

    /// Programs that only serve while one works, by the verbs that make them do so; an empty verb
    /// is the program without any. These are no way to run in production (rules section 4.3).
    private static let developmentVerbs: [String: Set<String>] = [
        "react-scripts": ["start"], "craco": ["start"], "react-app-rewired": ["start"],
        "rescripts": ["start"], "react-native": ["start"], "ng": ["serve", "s"],
        "ionic": ["serve"], "expo": ["start", "run:ios", "run:android", ""],
        "vue-cli-service": ["serve"], "gatsby": ["develop", "dev"], "docusaurus": ["start"],
        "vite": ["", "dev", "serve"], "vp": ["dev"], "astro": ["dev", "start"],
        "next": ["dev", ""], "nuxt": ["dev", ""], "nuxi": ["dev"],
        "parcel": ["", "serve", "watch"],
        "tsx": ["watch"], "ember": ["serve", "server", "s"], "sapper": ["dev"], "umi": ["dev"],
        "max": ["dev"], "nx": ["serve"], "webpack": ["serve", "server", "s"], "rsbuild": ["dev"],
        "rspack": ["serve", "dev"], "gridsome": ["develop"], "vuepress": ["dev"],
        "vitepress": ["dev", ""], "hexo": ["server", "s"], "preact": ["watch"],
        "polymer": ["serve"], "quasar": ["dev"], "storybook": ["dev"], "snowpack": ["dev"],
        "wmr": ["", "start"], "brunch": ["watch", "w"], "browser-sync": ["start"],
        "react-static": ["start"], "phenomic": ["start"], "sanity": ["dev", "start"],
        "remix": ["dev", "vite:dev"], "react-router": ["dev"], "svelte-kit": ["dev"],
        "solid-start": ["dev"], "vinxi": ["dev"], "waku": ["dev"], "vike": ["dev"],
        "rw": ["dev"], "blitz": ["dev"], "mastra": ["dev"], "wrangler": ["dev"],
        "strapi": ["develop", "dev"], "keystone": ["dev"], "medusa": ["develop"],
        "nitro": ["dev"], "netlify": ["dev"], "vercel": ["dev"], "harp": ["server"],
        "docpad": ["run"], "wintersmith": ["preview"], "roots": ["watch"], "turbo": ["dev"],
        "meteor": ["run", ""],
    ]

    private static let developmentPrograms: Set<String> = [
        "nodemon", "ts-node-dev", "tsnd", "webpack-dev-server", "live-server", "lite-server",
        "start-storybook", "docusaurus-start", "node-dev", "supervisor",
    ]

    private static let watching: [String: Set<String>] = [
        "eleventy": ["--serve", "--watch"], "stencil": ["--dev", "--serve"],
        "nest": ["--watch", "-w"], "node": ["--watch"], "bun": ["--watch", "--hot"],
        "tsx": ["--watch"], "webpack": ["--watch", "-w"], "dojo": ["-w", "-s"],
        "rollup": ["-w", "--watch"], "tsc": ["-w", "--watch"], "deno": ["--watch"],
    ]

    /// Whether its last command is a development server.
    var isDevelopmentServer: Bool {
        guard let command = commands.last else { return false }
        return Self.isDevelopment(command)
    }

    /// Whether a command serves only while one works.
    static func isDevelopment(_ command: [String]) -> Bool {
        if developmentPrograms.contains(command[0]) { return true }
        if let options = watching[command[0]], command.dropFirst().contains(where: options.contains)
        {
            return true
        }
        guard let verbs = developmentVerbs[command[0]], !command.contains("--production") else {
            return false
        }
        let verb = command.dropFirst().first { !$0.hasPrefix("-") } ?? ""
        let isBare = command.count == 1 || command[1].hasPrefix("-") || isFile(verb)
        return verbs.contains(isBare ? "" : verb)
    }

    /// A page or folder to be served, as in `parcel index.html`.
    private static func isFile(_ word: String) -> Bool {
        word.contains("/") || word.contains(".")
    }
}
