package import PreviewCore

extension GitRepository: RepositorySource {
    package func detect(
        _ head: Head, of repository: RepositoryReference, path: String
    ) async throws -> Detection {
        var detection = Detection()
        detection.projectType = "static"; detection.isStatic = true; detection.outputDirectory = "."
        return detection
    }
}
