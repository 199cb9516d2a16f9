import PreviewCore

/// The image a machine of Fly is made from: stock images of a language, in their full form, because
/// the slim ones lack git and compilers (fly/machines-api section 11; names and tags are those of
/// Docker Hub and the vendors' own registries as of 2026-10).
enum BaseImage {
    /// What a static site is served from: small, with a file server that runs without a config.
    static let forSites = "caddy:2-alpine"
    /// What everything else runs on: it has a compiler, Perl and Python, and git.
    static let general = "buildpack-deps:bookworm"

    /// The image for an app; one that `run.image` names wins.
    ///
    /// A version is taken as a tag where it is one; a range, such as `>=18`, is met by the default
    /// as far as anybody can tell without asking a registry.
    static func choose(for platform: Platform) -> String {
        if let image = platform.image { return image }
        guard let runtime = platform.runtime else { return forSites }
        guard let stock = stock[runtime] else { return general }
        let version = platform.version.flatMap { tag($0, parts: stock.parts) } ?? stock.version
        return stock.name + ":" + stock.prefix + version + stock.suffix
    }

    /// A family of images: `name:prefixVERSIONsuffix`.
    private struct Stock {
        var name: String
        /// The version where the repository asks for none.
        var version: String
        var prefix = ""
        var suffix = ""
        /// How many parts of a version its tags have at most.
        var parts = 3
    }

    private static let stock: [String: Stock] = [
        "node": Stock(name: "node", version: "22"),
        "bun": Stock(name: "oven/bun", version: "1"),
        "deno": Stock(name: "denoland/deno", version: "2.5.4", prefix: "debian-"),
        "python": Stock(name: "python", version: "3.12"),
        "ruby": Stock(name: "ruby", version: "3.3"),
        "php": Stock(name: "php", version: "8.3", suffix: "-cli", parts: 2),
        "go": Stock(name: "golang", version: "1.24"),
        "rust": Stock(name: "rust", version: "1"),
        "java": Stock(
            name: "maven", version: "21", prefix: "3.9-eclipse-temurin-", parts: 1),
        "elixir": Stock(name: "elixir", version: "1.17", parts: 2),
        "erlang": Stock(name: "erlang", version: "27", parts: 1),
        "dotnet": Stock(name: "mcr.microsoft.com/dotnet/sdk", version: "8.0", parts: 2),
        "swift": Stock(name: "swift", version: "6.0", parts: 2),
        "dart": Stock(name: "dart", version: "3", parts: 2),
        "crystal": Stock(name: "crystallang/crystal", version: "1", parts: 2),
        "haskell": Stock(name: "haskell", version: "9", parts: 2),
    ]

    /// The version as a tag: `v20.1.0`, `^20` and `~> 3.2` begin with what they ask for. `nil` for a
    /// range with a lower bound only, and for words such as `lts/*`.
    private static func tag(_ version: String, parts: Int) -> String? {
        let text = version.drop { !$0.isNumber }
        let sign = version.prefix { !$0.isNumber }.filter { $0 != " " }
        guard ["", "v", "^", "~", "~>", "=", "=="].contains(String(sign)) else { return nil }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard digits.count == text.count || text[digits.endIndex] != " " else { return nil }
        let numbers = digits.split(separator: ".")
        // `^20.3.1` is met by the newest 20; a plain version is meant as it is.
        let most = sign.contains("^") ? 1 : sign.contains("~") ? 2 : parts
        guard !numbers.isEmpty else { return nil }
        return numbers.prefix(min(most, parts)).joined(separator: ".")
    }
}
