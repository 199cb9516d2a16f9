import PreviewCore

/// Lays flags and variables over the file: flag, then `PREVIEW_*`, then the provider's own variable,
/// then the file, then the default (SPEC section 3).
struct Overrides {
    let choices: Choices
    let surroundings: Surroundings

    /// Changes the configuration and tells where each value came from.
    func apply(to config: inout Config) throws -> [ValueOrigin] {
        if let target = choices.target {
            config.name = target.project
            config.isNameGiven = true
            config.repository = target.repository ?? config.repository
        }
        return [
            try branch(of: &config), try provider(of: &config), try region(of: &config),
            ValueOrigin(name: "repo", value: config.repository.text, origin: ConfigFile.name),
        ]
    }

    private func pick(_ flag: String?, _ name: String, _ variables: [String]) -> (String, String)? {
        if let flag { return (flag, "--\(name)") }
        for variable in variables {
            if let value = surroundings.value(variable) { return (value, variable) }
        }
        return nil
    }

    private func branch(of config: inout Config) throws -> ValueOrigin {
        if let (value, origin) = pick(choices.branch, "branch", ["PREVIEW_BRANCH"]) {
            if value != "current", let problem = BranchName.problem(in: value) {
                throw usage(problem, origin)
            }
            config.branch = value == "current" ? .current : .named(value)
            return ValueOrigin(name: "branch", value: value, origin: origin)
        }
        let value =
            switch config.branch {
            case .named(let name): name
            case .current: "current"
            }
        return ValueOrigin(name: "branch", value: value, origin: ConfigFile.name)
    }

    private func provider(of config: inout Config) throws -> ValueOrigin {
        if let (value, origin) = pick(choices.provider, "provider", ["PREVIEW_PROVIDER"]) {
            guard let provider = ProviderName(rawValue: value) else {
                throw usage("unknown provider \"\(value)\"; local and fly are known", origin)
            }
            config.provider = provider
            return ValueOrigin(name: "provider", value: value, origin: origin)
        }
        return ValueOrigin(
            name: "provider", value: config.provider.rawValue, origin: ConfigFile.name)
    }

    private func region(of config: inout Config) throws -> ValueOrigin {
        let variables = ["PREVIEW_REGION", "FLY_REGION", "FLY_DEFAULT_REGION"]
        if let (value, origin) = pick(choices.region, "region", variables) {
            let codes = value.split(separator: ",").map(String.init)
            for code in codes where Region(code: code) == nil {
                throw usage("unknown region \"\(code)\"", origin)
            }
            config.regions = codes
            return ValueOrigin(name: "region", value: value, origin: origin)
        }
        return ValueOrigin(
            name: "region", value: config.regions.joined(separator: ","), origin: ConfigFile.name)
    }

    private func usage(_ problem: String, _ origin: String) -> Failure {
        Failure(.usage, .usage, "\(problem) (from \(origin))")
    }
}
