/// The rules for a branch's name. It is hostile input: it comes from a file, a flag or a call.
package enum BranchName {
    /// What is wrong with a branch's name, without a final full stop; `nil` for a name that git
    /// takes (`git check-ref-format --branch`, without its `@{-N}` shorthand). A name that begins
    /// with `-`, which git could read as an option, is refused as well.
    package static func problem(in name: String) -> String? {
        if name.isEmpty { return "the branch name is empty" }
        if name.begins(with: "-") { return "a branch name cannot begin with `-`" }
        if name == "@" || name == "HEAD" { return "`\(name)` is no branch name" }
        if name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "a branch name cannot contain spaces or control characters"
        }
        for part in ["~", "^", ":", "?", "*", "[", "\\", "..", "@{", "//"] where name.holds(part) {
            return "a branch name cannot contain `\(part)`"
        }
        if name.begins(with: "/") || name.ends(with: "/") || name.ends(with: ".") {
            return "a branch name cannot begin with `/` or end with `/` or `.`"
        }
        for part in name.parts(at: "/") where part.begins(with: ".") || part.ends(with: ".lock") {
            return "no part of a branch name can begin with `.` or end with `.lock`"
        }
        return nil
    }
}
