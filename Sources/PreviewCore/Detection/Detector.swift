/// Recognises a project from a snapshot of its repository. Pure: nothing of the repository is run,
/// and the same snapshot gives the same value.
package enum Detector {
    /// The files that ``detect(_:path:)`` may read of a repository with these paths, nearest to the
    /// root first, at most 2,000. A source that fetches files needs no others.
    package static func wanted(in paths: some Sequence<String>) -> [String] {
        WantedFiles.select(from: PathTable(paths))
    }

    /// What a repository is, or an application in it.
    ///
    /// - Parameters:
    ///   - snapshot: the files.
    ///   - path: the folder asked about, relative to the root; `""` is the root.
    /// - Returns: always a value; what cannot be known is `nil` in it.
    package static func detect(_ snapshot: RepositorySnapshot, path: String = "") -> Detection {
        measured(snapshot, path: path).detection
    }

    /// The same, with the files that were read, in order.
    package static func measured(
        _ snapshot: RepositorySnapshot,
        path: String = ""
    ) -> (detection: Detection, reads: [String]) {
        let survey = Survey(snapshot, catalogue: .standard)
        let folder = Folder(RelativePath.resolve(path, from: "") ?? "", in: survey)
        var detection = Project(folder).describe()
        detection.fileCount = snapshot.fileCount
        detection.warnings += survey.warnings.filter { !detection.warnings.contains($0) }
        detection.warnings += remarks(on: snapshot)
        return (detection, survey.reads)
    }

    private static func remarks(on snapshot: RepositorySnapshot) -> [String] {
        var remarks: [String] = []
        if !snapshot.submodules.isEmpty {
            let names = snapshot.submodules.prefix(5).joined(separator: ", ")
            remarks.append("submodules are not looked into: \(names)")
        }
        if snapshot.paths.isCut {
            remarks.append("the repository has more paths than are looked at")
        }
        return remarks
    }
}
