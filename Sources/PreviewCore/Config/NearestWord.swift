/// Finds the word that somebody may have meant.
package enum NearestWord {
    /// The valid word that a slip of a few letters turns into the given one; `nil` when none is
    /// near. Case does not count; of equally near words the first wins.
    static func find(_ word: String, among words: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().unicodeScalars)
        guard wanted.count <= 40 else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in words {
            let letters = Array(candidate.lowercased().unicodeScalars)
            let allowed = max(1, max(wanted.count, letters.count) / 3)
            guard abs(letters.count - wanted.count) <= allowed else { continue }
            let distance = distance(wanted, letters)
            if distance <= allowed, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// The nearest words, nearest first, however far they are. Case does not count; a word that
    /// contains the wanted one, or is contained in it, is one letter away.
    package static func ranked(
        _ word: String,
        among words: some Sequence<String>,
        count: Int
    ) -> [String] {
        // Longer ones only cost time.
        let wanted = Array(word.lowercased().unicodeScalars.prefix(100))
        let distances = words.map { candidate in
            let letters = Array(candidate.lowercased().unicodeScalars.prefix(100))
            let isPart =
                min(wanted.count, letters.count) > 2
                && (letters.contains(wanted) || wanted.contains(letters))
            return (word: candidate, distance: isPart ? 1 : distance(wanted, letters))
        }
        return distances.sorted { ($0.distance, $0.word) < ($1.distance, $1.word) }
            .prefix(count).map(\.word)
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that lead from one to the other
    /// (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column + 1] + 1,
                    current[column] + 1,
                    previous[column] + (letter == other ? 0 : 1)
                )
                let isSwap =
                    row > 0 && column > 0 && letter == right[column - 1] && left[row - 1] == other
                if isSwap { cost = min(cost, beforePrevious[column - 1] + 1) }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
