package import PreviewCore

extension GitRepository: RepositorySource {
    package func detect(
        _ head: Head, of repository: RepositoryReference, path: String
    ) async throws -> Detection {
        throw Failure(.projectUnknown, "detection has not landed yet")
    }
}
