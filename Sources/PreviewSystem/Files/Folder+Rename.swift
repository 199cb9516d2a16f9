import Glibc

extension Folder {
    /// Gives an entry another name in this folder, replacing a file of that name. Not made durable.
    package func rename(_ name: String, to newName: String) throws(FileFailure) {
        try checkName(name, .rename)
        try checkName(newName, .rename)
        guard renameat(descriptor.number, name, descriptor.number, newName) == 0 else {
            throw failure(.rename, name)
        }
    }
}
