/// A branch and where it points, as git lists it.
struct GitBranch: Hashable, Sendable {
    let name: String
    let commit: String
    /// First line of the commit's message, where git was asked for it.
    let subject: String?

    /// Reads the lines of `ls-remote --heads` and of ``GitCommand/listBranches(in:named:)``: commit,
    /// reference and perhaps subject, separated by tabs. Everything that is no branch is left out.
    static func list(_ text: String) -> [GitBranch] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(
                separator: "\t",
                maxSplits: 2,
                omittingEmptySubsequences: false
            )
            guard fields.count >= 2, fields[1].hasPrefix(prefix) else { return nil }
            return GitBranch(
                name: String(fields[1].dropFirst(prefix.count)),
                commit: String(fields[0]),
                subject: fields.count == 3 ? String(fields[2]) : nil
            )
        }
    }

    /// What every branch's full name begins with.
    static let prefix = "refs/heads/"
}
