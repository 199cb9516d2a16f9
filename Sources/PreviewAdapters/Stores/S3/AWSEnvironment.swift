import PreviewCore
import PreviewSystem

/// What AWS's tools read besides `preview.yaml`: variables, and the shared files under the names and
/// in the form that its reference guide for SDKs and tools describes.
struct AWSEnvironment: Sendable {
    private let variables: [String: String]
    private let home: String
    private static let largestFile = 1 << 20

    /// `home`: the user's folder, empty where there is none.
    init(_ variables: [String: String], home: String) {
        self.variables = variables
        self.home = home
    }

    /// A variable that is set and not empty.
    func value(_ name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// The chosen profile.
    var profileName: String {
        value("AWS_PROFILE") ?? value("AWS_DEFAULT_PROFILE") ?? "default"
    }

    /// What both shared files say of the chosen profile, that of the credentials first; empty where
    /// there are no files.
    ///
    /// - Throws: ``Failure`` where a profile was chosen that neither has, or a file cannot be read.
    func profile() throws -> [String: String] {
        let name = profileName
        let credentials = try sections(
            of: value("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials")[name]
        let sections = try sections(of: value("AWS_CONFIG_FILE") ?? "\(home)/.aws/config")
        let config = sections["profile \(name)"] ?? (name == "default" ? sections[name] : nil)
        guard credentials != nil || config != nil || name == "default" else {
            throw Failure.s3Settings(
                "AWS_PROFILE names `\(name)`, which the shared files do not have",
                fix: "correct AWS_PROFILE, or add the profile with `aws configure`")
        }
        return (config ?? [:]).merging(credentials ?? [:]) { $1 }
    }

    /// A file's content, `nil` where there is no such file.
    func text(of path: String) throws -> String? {
        let path = path.hasPrefix("~/") ? home + path.dropFirst() : path
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        do throws(FileFailure) {
            return try Folder.open(folder, ownedBy: .any)
                .readUserFile(name, limit: Self.largestFile)
                .map { String(decoding: $0, as: UTF8.self) }
        } catch {
            guard error.cause == .notFound else {
                throw Failure.s3Settings("\(error)", fix: "make the file readable, or name another")
            }
            return nil
        }
    }

    /// The domain of a region's services.
    static func domain(of region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    /// The sections of a shared file. Lines that are indented belong to the setting above them and
    /// hold nothing that is read here.
    private func sections(of path: String) throws -> [String: [String: String]] {
        guard let text = try text(of: path) else { return [:] }
        var sections: [String: [String: String]] = [:]
        var name: String?
        for line in text.split(whereSeparator: \.isNewline) {
            if line.first == "[", let end = line.firstIndex(of: "]") {
                let words = line[line.index(after: line.startIndex)..<end].split { $0.isWhitespace }
                name = words.joined(separator: " ")
                continue
            }
            guard let name, let first = line.first, !first.isWhitespace, !"#;".contains(first),
                let mark = line.firstIndex(of: "=")
            else { continue }
            let key = trimmed(line[..<mark]).lowercased()
            let value = trimmed(line[line.index(after: mark)...])
            sections[name, default: [:]][key] = value
        }
        return sections
    }

    private func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
