package import PreviewCore

/// What runs in the machines.
package enum Guests: Sendable {
    /// Nothing is run; every boot behaves as the script that the closure gives for it.
    case scripted(@Sendable (GuestBoot) -> GuestScript)
    /// `files` and `init.exec` of the config are executed on this machine.
    case executed(Execution)

    /// How machines are executed.
    package struct Execution: Hashable, Sendable {
        /// The folder in which each machine gets its root folder; made and removed by the caller.
        package var folder: String
        /// The `PATH` of this machine, which stands in for the image's programs.
        package var searchPath: String

        /// See the properties.
        package init(folder: String, searchPath: String) {
            self.folder = folder
            self.searchPath = searchPath
        }
    }
}

/// One boot of a machine.
package struct GuestBoot: Hashable, Sendable {
    /// The app.
    package var app: String
    /// The machine's id.
    package var machine: String
    /// The machine's name.
    package var name: String
    /// The region it is in.
    package var region: String
    /// The version that boots.
    package var version: String
    /// Counts the boots of the machine, from 1.
    package var number: Int
    /// Whether the root filesystem is the image's, with nothing kept of an earlier boot.
    package var isRootFresh: Bool
    /// The environment: what the platform gives, the config's, and the secrets as of this boot.
    package var environment: [String: String]
    /// The config in its normalized form.
    package var config: JSONValue
    /// The content of each entry of `files`, decoded, by path.
    package var files: [File]

    /// A file to be written before the process starts.
    package struct File: Hashable, Sendable {
        /// The absolute path in the machine.
        package var path: String
        /// The content.
        package var content: [UInt8]
        /// The permission bits.
        package var mode: Int
    }
}

/// How a guest that is not executed behaves. All times count from the moment it is `started`.
package struct GuestScript: Hashable, Sendable {
    /// A line of output.
    package struct Line: Hashable, Sendable {
        /// When it is written.
        package var after: Duration
        /// The line without its end.
        package var text: String

        /// A line; see the properties.
        package init(after: Duration = .zero, _ text: String) {
            self.after = after
            self.text = text
        }
    }

    /// The end of the main process by itself.
    package struct End: Hashable, Sendable {
        /// When it ends.
        package var after: Duration
        /// The exit code.
        package var code: Int
        /// Whether the kernel ended it for want of memory.
        package var isOutOfMemory: Bool

        /// An end; see the properties.
        package init(after: Duration, code: Int, isOutOfMemory: Bool = false) {
            self.after = after
            self.code = code
            self.isOutOfMemory = isOutOfMemory
        }
    }

    /// What an HTTP request through the proxy gets.
    package struct Response: Hashable, Sendable {
        /// The status code.
        package var status: Int
        /// The headers by name.
        package var headers: [String: String]
        /// The body.
        package var body: String

        /// A response; see the properties.
        package init(status: Int = 200, headers: [String: String] = [:], body: String = "ok\n") {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// The output.
    package var lines: [Line] = []
    /// When it begins to listen on every internal port of its services; nil for never.
    package var listensAfter: Duration? = .zero
    /// What it answers once it listens.
    package var response = Response()
    /// When it ends by itself; nil for never.
    package var end: End?
    /// How long it takes to end when asked to.
    package var stopTakes = Duration.seconds(0.2)
    /// Its exit code then.
    package var stopCode = 0

    /// A guest that listens at once and stays.
    package init() {}
}
