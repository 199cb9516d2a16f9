import Glibc

/// A file operation that did not happen, and why.
package struct FileFailure: Error, Hashable, Sendable {
    /// What was being done, as it reads after "cannot".
    package enum Operation: String, Sendable {
        case open, create, read, write, sync, close, rename, remove, list, lock, inspect
        case keep = "keep the previous version of"
        case append = "append to"
        case makeFolder = "make the folder"
    }

    /// Why it did not happen. Callers switch over this, never over the text.
    package enum Cause: Hashable, Sendable {
        /// No file or folder of that name.
        case notFound
        /// There is one already and it may not be replaced.
        case alreadyExists
        /// The disk or the quota is used up; `freeBytes` as the file system reports it, if it does.
        case noSpace(freeBytes: Int64?)
        /// The file system is mounted read-only.
        case readOnly
        /// Not allowed.
        case permissionDenied
        /// The last part of the path is a symbolic link, which is never followed.
        case symbolicLink
        /// The folder belongs to another user, whose numeric id this is.
        case foreignOwner(UInt32)
        /// Not the kind of thing asked for: a folder instead of a file, a pipe, a device.
        case wrongKind
        /// The file is longer than the caller reads at most.
        case tooLarge(limit: Int)
        /// The name is empty, `.`, `..`, or contains a slash or a NUL.
        case unsafeName
        /// Another process kept the folder or the file to itself for longer than a write can take.
        case busy
        /// Any other error number (errno(3)).
        case system(Int32)
    }

    /// What was being done.
    package var operation: Operation
    /// The file or folder it was done to.
    package var path: String
    /// Why it did not happen.
    package var cause: Cause

    /// A failure with a cause the caller has found out.
    package init(_ operation: Operation, _ path: String, _ cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// A failure with the cause in `error`, an error number; `descriptor` is any open descriptor on
    /// the same file system, asked for its free space when that is the cause.
    init(_ operation: Operation, _ path: String, error: Int32, on descriptor: Int32 = -1) {
        self.init(operation, path, Cause(error: error, descriptor: descriptor))
    }
}

extension FileFailure.Cause {
    fileprivate init(error: Int32, descriptor: Int32) {
        switch error {
        case ENOENT: self = .notFound
        case EEXIST: self = .alreadyExists
        case ENOSPC, EDQUOT: self = .noSpace(freeBytes: availableBytes(on: descriptor))
        case EROFS: self = .readOnly
        case EACCES, EPERM: self = .permissionDenied
        case ELOOP: self = .symbolicLink
        case EISDIR, ENOTDIR: self = .wrongKind
        default: self = .system(error)
        }
    }
}

extension FileFailure: CustomStringConvertible {
    /// One line in the user's words: operation, path, reason and free space where it matters.
    package var description: String {
        "cannot \(operation.rawValue) \(path): \(cause)"
    }
}

extension FileFailure.Cause: CustomStringConvertible {
    /// The reason in the user's words.
    package var description: String {
        switch self {
        case .notFound: "it does not exist"
        case .alreadyExists: "it exists already"
        case .noSpace(let freeBytes?): "no space left (\(freeBytes) bytes free)"
        case .noSpace(nil): "no space left"
        case .readOnly: "the file system is read-only"
        case .permissionDenied: "permission denied"
        case .symbolicLink: "it is a symbolic link"
        case .foreignOwner(let user): "it belongs to another user (id \(user))"
        case .wrongKind: "it is of another kind (not a plain file or folder as expected)"
        case .tooLarge(let limit): "it is larger than \(limit) bytes"
        case .unsafeName: "the name is not that of a single file"
        case .busy: "another process keeps it to itself"
        case .system(let error): systemMessage(error)
        }
    }
}

/// The C library's text for an error number.
func systemMessage(_ error: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    guard strerror_r(error, &text, text.count) == 0 else { return "error \(error)" }
    return text.withUnsafeBufferPointer { buffer in
        String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Bytes an unprivileged user can still write on the file system of `descriptor`.
func availableBytes(on descriptor: Int32) -> Int64? {
    descriptor < 0 ? nil : FileSystemRoom(of: descriptor)?.bytes
}
