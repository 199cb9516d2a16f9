/// The keys of a mapping: unique scalars, with merge keys carried out (yaml.org/type/merge.html,
/// which YAML 1.2 dropped and everybody still uses).
enum YAMLMerge {
    static let tag = "tag:yaml.org,2002:merge"

    /// Whether a key is the merge key: a plain `<<`, or one with the tag.
    static func isMerge(_ key: YAMLNode) -> Bool {
        guard case .scalar(let text, let isPlain, let tag) = key.content else { return false }
        return tag == Self.tag || (text == "<<" && isPlain && tag == nil)
    }

    /// The entries of a mapping without duplicates, merge keys replaced by what they bring; a
    /// mapping's own keys win, then the earlier of several merged mappings.
    static func entries(
        _ entries: [YAMLNode.Entry],
        hasMerge: Bool,
        problems: inout [YAMLFailure]
    ) -> [YAMLNode.Entry] {
        let own = unique(entries, problems: &problems)
        guard hasMerge else { return own }
        var result = own.filter { !isMerge($0.key) }
        var names = Set(result.compactMap(\.key.text))
        for entry in own where isMerge(entry.key) {
            for source in sources(of: entry, problems: &problems) {
                for merged in source where names.insert(merged.key.text ?? "").inserted {
                    result.append(merged)
                }
            }
        }
        return result
    }

    private static func sources(
        of entry: YAMLNode.Entry,
        problems: inout [YAMLFailure]
    ) -> [[YAMLNode.Entry]] {
        var sources: [[YAMLNode.Entry]] = []
        for value in entry.value.items ?? [entry.value] {
            if let entries = value.entries {
                sources.append(entries)
            } else if !problems.contains(where: { $0.mark == value.mark }) {
                problems.append(
                    YAMLFailure(
                        .syntax,
                        at: value.mark,
                        to: value.end,
                        "only a mapping can be merged",
                        expected: "`<<: *name` or `<<: [*one, *two]` of mappings"
                    )
                )
            }
        }
        return sources
    }

    private static func unique(
        _ entries: [YAMLNode.Entry],
        problems: inout [YAMLFailure]
    ) -> [YAMLNode.Entry] {
        // Nearly every mapping is fine, and then nothing is copied.
        if areUnique(entries) { return entries }
        var first: [String: Mark] = [:]
        return entries.filter { entry in
            guard let text = entry.key.text else {
                problems.append(
                    YAMLFailure(
                        .syntax,
                        at: entry.key.mark,
                        to: entry.key.end,
                        "a collection cannot be a key",
                        expected: "a word"
                    )
                )
                return false
            }
            if let earlier = first[text] {
                problems.append(
                    YAMLFailure(
                        .duplicateKey,
                        at: entry.key.mark,
                        to: entry.key.end,
                        "`\(text)` is already set in line \(earlier.line)",
                        expected: "each key once"
                    )
                )
                return false
            }
            first[text] = entry.key.mark
            return true
        }
    }

    /// Short mappings are compared pair by pair without a set.
    private static let pairwise = 8

    private static func areUnique(_ entries: [YAMLNode.Entry]) -> Bool {
        guard entries.count > pairwise else {
            return entries.indices.allSatisfy { index in
                guard let text = entries[index].key.text else { return false }
                return !entries[..<index].contains { $0.key.text == text }
            }
        }
        var seen = Set<String>(minimumCapacity: entries.count)
        return entries.allSatisfy { entry in
            guard let text = entry.key.text else { return false }
            return seen.insert(text).inserted
        }
    }
}
