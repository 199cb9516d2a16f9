/// A place in a text file. Lines and columns count from 1; a column is one Unicode scalar.
package struct Mark: Hashable, Sendable, Comparable {
    // Half the size: a document has two of these for every value.
    private var shortLine: Int32
    private var shortColumn: Int32

    /// A place; anything but positive numbers makes no sense.
    package init(line: Int, column: Int) {
        shortLine = Int32(clamping: line)
        shortColumn = Int32(clamping: column)
    }

    /// From 1 on.
    package var line: Int {
        get { Int(shortLine) }
        set { shortLine = Int32(clamping: newValue) }
    }

    /// From 1 on.
    package var column: Int {
        get { Int(shortColumn) }
        set { shortColumn = Int32(clamping: newValue) }
    }

    /// Whether a place comes earlier in its file.
    package static func < (left: Mark, right: Mark) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value of a YAML document and where it stands.
package struct YAMLNode: Hashable, Sendable {
    /// What it is.
    package var content: YAMLContent
    /// The first character. Of a value reached through an alias: the alias itself.
    package var mark: Mark
    /// Just behind the last character.
    package var end: Mark

    /// A key and its value, as they stand in a mapping.
    package struct Entry: Hashable, Sendable {
        /// A scalar.
        package var key: YAMLNode
        /// Any value, a null where nothing stands.
        package var value: YAMLNode

        /// An entry of these two.
        package init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }

    /// A value at a place.
    package init(content: YAMLContent, mark: Mark, end: Mark) {
        self.content = content
        self.mark = mark
        self.end = end
    }
}

/// The three kinds of YAML values. Aliases are expanded and merge keys (`<<`) carried out.
package enum YAMLContent: Hashable, Sendable {
    /// `isPlain` is false for quoted and block scalars, which are always strings; `tag` is set only
    /// where the file has one. ``YAMLNode/scalar`` gives the typed value.
    case scalar(text: String, isPlain: Bool, tag: String?)
    case sequence([YAMLNode])
    /// In file order, merged entries last. Keys are scalars and unique by their text.
    case mapping([YAMLNode.Entry])
}

extension YAMLNode {
    /// The text of a scalar as it stands in the file, whatever its type; `nil` for a collection.
    package var text: String? {
        guard case .scalar(let text, _, _) = content else { return nil }
        return text
    }

    /// The items of a sequence, else `nil`.
    package var items: [YAMLNode]? {
        guard case .sequence(let items) = content else { return nil }
        return items
    }

    /// The entries of a mapping, else `nil`.
    package var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    /// The value of a key; `nil` when this is no mapping or has no such key.
    package subscript(key: String) -> YAMLNode? {
        entries?.first { $0.key.text == key }?.value
    }
}
