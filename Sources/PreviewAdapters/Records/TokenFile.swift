package import PreviewCore
import PreviewSystem

/// The tokens of the server, in a file of this user's beside the records.
package struct TokenFile: Sendable {
    /// The file's name in the folder of the records.
    package static let fileName = "tokens.json"
    private static let format = 1
    private static let largest = 4 << 20

    private let data: DataFolder

    /// `data`: where the records are that the tokens give access to.
    package init(data: DataFolder) { self.data = data }

    /// Another number after each change, to know cheaply whether it has to be read again.
    package func changed() throws -> Int64 {
        try translating {
            guard let file = try folder()?.file(Self.fileName) else { return 0 }
            return file.modifiedUnixMilliseconds &* 4096 &+ Int64(try file.size())
        }
    }

    /// All tokens, oldest first.
    package func tokens() throws -> [AccessToken] {
        try Self.decoded(try translating { try folder()?.read(Self.fileName, limit: Self.largest) })
    }

    /// Changes the tokens, and gives what the change returned; durable when it returns.
    package func update<Result>(_ change: (inout [AccessToken]) throws -> Result) throws -> Result {
        let folder = try data.makeRoot()
        while true {
            let before = try translating {
                try folder.read(Self.fileName, limit: Self.largest)
            }
            var tokens = try Self.decoded(before)
            let result = try change(&tokens)
            let after = Self.encoded(tokens)
            let isDone = try translating {
                try folder.exchange(Self.fileName, with: after, readingAtMost: Self.largest) {
                    $0 == before ? .replace(keeping: nil) : .leave
                }
            }
            if isDone { return result }
        }
    }

    private func folder() throws(FileFailure) -> Folder? {
        do throws(FileFailure) {
            return try Folder.open(data.path)
        } catch {
            guard error.cause == .notFound else { throw error }
            return nil
        }
    }

    private static func encoded(_ tokens: [AccessToken]) -> [UInt8] {
        let document: JSONValue = [
            "format": .int(format),
            "tokens": .array(
                tokens.map {
                    [
                        "id": .string($0.id), "digest": .string($0.digest),
                        "user": JSONValue($0.user), "createdAt": .string($0.createdAt.text),
                    ]
                }),
        ]
        return Array((JSONWriter.pretty(document) + "\n").utf8)
    }

    private static func decoded(_ bytes: [UInt8]?) throws -> [AccessToken] {
        guard let bytes else { return [] }
        do {
            let document = try JSONReader.read(bytes)
            guard document["format"]?.int == format, let tokens = document["tokens"] else {
                throw damaged("it has another format")
            }
            return try tokens.decoded()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw damaged("\(error)")
        }
    }

    private static func damaged(_ reason: String) -> Failure {
        Failure(
            .stateDamaged, .stateNeedsRecovery, "\(fileName) cannot be used: \(reason)",
            fix: "remove the file and make new tokens with `preview token create`")
    }
}
