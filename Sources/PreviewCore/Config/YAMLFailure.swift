/// Why a document is no usable YAML, and where.
package struct YAMLFailure: Error, Hashable, Sendable {
    /// What kind of failure it is.
    package var cause: Cause
    /// The first character concerned.
    package var mark: Mark
    /// Just behind the last one; equal to ``mark`` where only a place is known.
    package var end: Mark
    /// What is wrong, in one sentence without a full stop.
    package var message: String
    /// What would be right, where that can be said.
    package var expected: String?

    /// A failure at a place, or from there to just before `end`.
    package init(
        _ cause: Cause,
        at mark: Mark,
        to end: Mark? = nil,
        _ message: String,
        expected: String? = nil
    ) {
        self.cause = cause
        self.mark = mark
        self.end = end ?? mark
        self.message = message
        self.expected = expected
    }

    /// What a caller may want to tell apart.
    package enum Cause: Hashable, Sendable {
        /// Not YAML, not UTF-8, a bad alias or a bad merge.
        case syntax
        /// The same key twice in one mapping.
        case duplicateKey
        /// Larger, deeper or more repetitive than ``YAMLLimits``, or more than one document.
        case limit
    }
}

/// How much a document may ask of its reader.
package struct YAMLLimits: Hashable, Sendable {
    /// Length of the file in bytes.
    package var bytes: Int
    /// Collections inside one another, the outermost being the first; aliases count as what they
    /// stand for.
    package var depth: Int
    /// Values that all aliases together may stand for.
    package var aliasedValues: Int

    /// Limits of one's own; depth and aliases as for `preview.yaml` unless given.
    package init(bytes: Int, depth: Int = 100, aliasedValues: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.aliasedValues = aliasedValues
    }

    /// The limits of `preview.yaml` (SPEC section 2): 1 MiB and 100 levels.
    package static let config = YAMLLimits(bytes: 1 << 20)
}
