import PreviewSystem
import Testing

/// The SQL of the store's page.
enum DocumentedStatements {
    /// The statements whose first line, a comment, begins with a title.
    static func named(_ title: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let page = try #require(
            KernelFile.text(root + "/Sources/PreviewCore/PreviewCore.docc/StorePostgres.md"))
        let blocks = page.components(between: "```sql\n", and: "```")
        return try #require(
            blocks.first { $0.hasPrefix("-- \(title):") || $0.hasPrefix("-- \(title)\n") })
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let from = rest.firstRange(of: start) {
            rest = rest[from.upperBound...]
            guard let to = rest.firstRange(of: end) else { break }
            parts.append(String(rest[..<to.lowerBound]))
            rest = rest[to.upperBound...]
        }
        return parts
    }
}
