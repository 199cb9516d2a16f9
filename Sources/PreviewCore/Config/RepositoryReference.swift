/// The address of a repository, in one of the spellings people use.
package struct RepositoryReference: Hashable, Sendable {
    /// As it was written.
    package var text: String
    package var location: Location

    package init(text: String, location: Location) {
        self.text = text
        self.location = location
    }

    /// A repository reached by a transport, or a folder of this machine.
    package enum Location: Hashable, Sendable {
        case remote(Remote)
        /// A path as written, relative to the configuration file.
        case local(path: String)
    }

    /// A remote address. All spellings of one address have equal ``identity``.
    package struct Remote: Hashable, Sendable {
        package var scheme: Scheme
        package var user: String?
        /// Lower case; empty for `file`.
        package var host: String
        package var port: Int?
        /// Owner folders and the repository, without `.git`.
        package var segments: [String]

        package init(
            scheme: Scheme, user: String? = nil, host: String, port: Int? = nil, segments: [String]
        ) {
            self.scheme = scheme
            self.user = user
            self.host = host
            self.port = port
            self.segments = segments
        }
    }

    /// The transports that are allowed.
    package enum Scheme: String, Hashable, Sendable, CaseIterable {
        case https, ssh, git, file
    }
}
