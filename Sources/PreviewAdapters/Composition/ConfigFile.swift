import PreviewCore
import PreviewSystem

/// `preview.yaml` as it was found and read, before it is looked into.
package struct ConfigFile: Hashable, Sendable {
    /// Absolute path.
    package var path: String
    /// As messages show it: relative to the working directory where it lies below.
    package var shownPath: String
    /// The absolute folder of the file, free of symbolic links.
    package var folder: String
    /// Its content as it was read, which the parser has not seen yet.
    package var bytes: [UInt8]

    /// The name that is looked for.
    package static let name = "preview.yaml"
    /// One byte over what the parser takes, so that it is the parser that refuses it.
    private static let largest = 2 << 20

    /// Finds and reads the file that the flags, the environment or the working directory name.
    ///
    /// Without a name it is looked for in the folder and those above, up to the top of the checkout.
    /// - Returns: `nil` when no file was named and none was found.
    /// - Throws: ``Failure`` when a named file is not there or cannot be read.
    package static func find(_ choices: Choices, in surroundings: Surroundings) throws
        -> ConfigFile?
    {
        let start = try folder(choices, in: surroundings)
        if let named = choices.file ?? surroundings.value("PREVIEW_FILE") {
            let path = named.hasPrefix("/") ? named : "\(start)/\(named)"
            guard let file = try read(path, shown: named) else { throw notFound(named) }
            return file
        }
        var folder = start
        while true {
            let shown = folder == surroundings.workingDirectory ? name : "\(folder)/\(name)"
            if let file = try read("\(folder)/\(name)", shown: shown) { return file }
            guard folder != "/", !isTopOfCheckout(folder) else { return nil }
            folder = parent(of: folder)
        }
    }

    /// The folder a command works in, from `-C` or the working directory.
    package static func folder(_ choices: Choices, in surroundings: Surroundings) throws -> String {
        guard let directory = choices.directory else { return surroundings.workingDirectory }
        guard let folder = Host.resolved(surroundings.absolute(directory)) else {
            throw Failure(
                .usage, .usage, "there is no folder \(directory)", fix: "check the path after -C")
        }
        return folder
    }

    /// Finds the file for a command that cannot do without it.
    ///
    /// - Throws: ``Failure`` where there is none, explaining a file of another tool in its place.
    package static func require(
        _ choices: Choices, in surroundings: Surroundings
    ) throws -> ConfigFile {
        if let file = try find(choices, in: surroundings) { return file }
        let folder = try folder(choices, in: surroundings)
        for path in OtherToolsFile.paths where Host.resolved("\(folder)/\(path)") != nil {
            if let explanation = OtherToolsFile.explanation(of: path) { throw explanation }
        }
        throw notFound(name)
    }

    private static func notFound(_ name: String) -> Failure {
        Failure(
            .configNotFound, .invalidConfig, "there is no \(name) here",
            fix: "`preview init` writes one; `-f` names another, `-C` another folder",
            retry: "preview init")
    }

    private static func read(_ path: String, shown: String) throws -> ConfigFile? {
        guard let real = Host.resolved(path) else { return nil }
        let folder = parent(of: real)
        return try translating {
            try Folder.open(folder, ownedBy: .any)
                .read(String(real.dropFirst(folder == "/" ? 1 : folder.count + 1)), limit: largest)
                .map {
                    ConfigFile(path: real, shownPath: shown, folder: folder, bytes: $0)
                }
        }
    }

    private static func isTopOfCheckout(_ folder: String) -> Bool {
        // A folder that cannot be looked into is no checkout of this user.
        (try? Folder.open(folder, ownedBy: .any).entry(".git")) != nil
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
