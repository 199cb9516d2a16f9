import PreviewCore
import PreviewSystem
import Testing

/// A folder in which the program is run, removed with the last reference.
final class ProgramFolder: Sendable {
    let path: String
    private let parent: Folder
    private let name: String

    init() throws {
        parent = try Folder.open("/tmp", ownedBy: .any)
        name = "preview-stores-\(Digest.hexadecimal(Moment.randomBytes(6)))"
        path = try parent.makeFolder(name).path
    }

    deinit {
        // What is left is a small folder below /tmp, which is not worth a test's failure.
        try? parent.removeTree(name)
    }
}
