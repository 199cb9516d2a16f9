package import PreviewCore

/// The providers there are, and the only list of them.
package enum ProviderCatalog {
    /// What a provider is made from: one value serves one preview.
    package struct Ingredients: Sendable {
        /// Where `local` keeps its machines.
        package var data: DataFolder
        /// What the program was started with: its file and its variables.
        package var surroundings: Surroundings
        /// How repositories are read; `local` lets its supervisor fetch with the same settings.
        package var source: GitRepository
        /// Keeps secrets and tokens out of what is shown.
        package var redactor: Redactor
        /// How often calls to a remote provider are repeated.
        package var retries: Config.Retries

        package init(
            data: DataFolder, surroundings: Surroundings, source: GitRepository,
            redactor: Redactor, retries: Config.Retries = .init()
        ) {
            self.retries = retries
            self.data = data
            self.surroundings = surroundings
            self.source = source
            self.redactor = redactor
        }
    }

    /// Refuses a provider that has not been configured on this machine, such as one without its
    /// token. Asks nobody.
    static func check(
        _ name: ProviderName, _ surroundings: Surroundings, retries: Config.Retries
    ) throws {
        switch name {
        case .local: break
        case .fly:
            guard FlyAccess(surroundings: surroundings, retries: retries).token != nil else {
                throw FlyFailure.tokenMissing().told(step: nil)
            }
        }
    }

    /// The provider of this machine, for what only it can tell.
    static func local(_ ingredients: Ingredients) -> LocalProvider {
        var surroundings = LocalProvider.Surroundings(
            root: ingredients.data.path, executable: ingredients.surroundings.executable,
            environment: ingredients.surroundings.environment, git: ingredients.source)
        surroundings.hidden = Tokens(ingredients.surroundings).all
        return LocalProvider(surroundings)
    }

    /// The provider of a name.
    package static func make(
        _ name: ProviderName, _ ingredients: Ingredients
    ) -> any Provider {
        switch name {
        case .local: return local(ingredients).passingFaultPoints
        case .fly:
            return FlyAccess(
                surroundings: ingredients.surroundings, retries: ingredients.retries
            ).provider(
                git: ingredients.source, redactor: ingredients.redactor
            ).passingFaultPoints
        }
    }
}
