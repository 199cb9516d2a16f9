package import PreviewCore

/// The providers there are, and the only list of them.
package enum ProviderCatalog {
    /// What a provider is made from: one value serves one preview.
    package struct Ingredients: Sendable {
        /// The name its record is kept under.
        package var app: String
        package var store: FileStore
        package var surroundings: Surroundings
        package var source: GitRepository
        package var redactor: Redactor

        package init(
            app: String, store: FileStore, surroundings: Surroundings, source: GitRepository,
            redactor: Redactor
        ) {
            self.app = app
            self.store = store
            self.surroundings = surroundings
            self.source = source
            self.redactor = redactor
        }
    }

    /// The provider of a name.
    ///
    /// - Throws: ``Failure`` for one that is not part of this version.
    package static func make(
        _ name: ProviderName, _ ingredients: Ingredients
    ) throws -> any Provider {
        switch name {
        case .local:
            var surroundings = LocalProvider.Surroundings(
                root: ingredients.store.path, executable: ingredients.surroundings.executable,
                environment: ingredients.surroundings.environment, git: ingredients.source)
            surroundings.hidden = Tokens(ingredients.surroundings).all
            return LocalProvider(surroundings).passingFaultPoints
        case .fly:
            throw Failure(
                .providerUnavailable, "the provider `fly` is not part of this version",
                fix: "use `provider: local` in preview.yaml, or --local",
                retry: "preview plan --local")
        }
    }
}
