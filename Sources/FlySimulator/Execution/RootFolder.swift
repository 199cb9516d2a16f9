import FoundationEssentials
import PreviewCore
import PreviewSystem

/// The folder that stands for a machine's root filesystem.
struct RootFolder: Sendable {
    /// Its path, without a slash at the end.
    let path: String
    private let folder: String

    init(machine: String, in folder: String) {
        self.folder = folder
        path = "\(folder)/\(machine)"
    }

    /// Makes the folder ready for a boot: pristine, or as the last boot left it, with the files of
    /// the config in place.
    func prepare(isFresh: Bool, files: [GuestBoot.File], removals: Locked<Int>) throws {
        let manager = FileManager.default
        if isFresh { discard(removals) }
        for name in ["root", "tmp"] {
            try manager.createDirectory(
                atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        }
        for file in files {
            let target = path + file.path
            let parent = target.prefix(upTo: target.lastIndex(of: "/") ?? target.endIndex)
            try manager.createDirectory(
                atPath: String(parent), withIntermediateDirectories: true)
            try Data(file.content).write(to: URL(filePath: target))
            try manager.setAttributes(
                [.posixPermissions: file.mode], ofItemAtPath: target)
        }
    }

    /// What a word of a command means: something in the folder, if there is such a thing.
    func resolved(_ word: String) -> String {
        word.hasPrefix("/") && word != "/" && FileManager.default.fileExists(atPath: path + word)
            ? path + word : word
    }

    /// Removes the folder with all in it. It is moved away first, so that a large one keeps nobody
    /// waiting; `removals` counts those under way.
    func discard(_ removals: Locked<Int>) {
        let grave = "\(path).\(Digest.hexadecimal(Moment.randomBytes(6)))"
        // Not there is as good as removed.
        guard (try? FileManager.default.moveItem(atPath: path, toPath: grave)) != nil else {
            return
        }
        removals.withLock { $0 += 1 }
        BlockingThread.start {
            defer { removals.withLock { $0 -= 1 } }
            // What cannot be removed stays in the caller's scratch folder.
            try? FileManager.default.removeItem(atPath: grave)
        }
    }
}
