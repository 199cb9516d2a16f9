/// Puts events together to the document's value, with a stack of its own.
struct YAMLBuilder {
    private(set) var document = YAMLDocument()
    private let limits: YAMLLimits
    private var stack: [Frame] = []
    private var anchors: [String: Built] = [:]
    private var aliasedValues = 0
    private var hasDocument = false

    init(limits: YAMLLimits) { self.limits = limits }

    /// A finished value: how many values it consists of and how many levels it has.
    private struct Built {
        var node: YAMLNode
        var values = 1
        var levels = 0
    }

    /// A collection whose end has not been seen.
    private struct Frame {
        var isMapping: Bool
        var anchor: String?
        var mark: Mark
        var items: [YAMLNode] = []
        var entries: [YAMLNode.Entry] = []
        /// A key that waits for its value.
        var key: YAMLNode?
        var hasMerge = false
        var values = 1
        var levels = 1
    }

    /// Adds what an event says.
    ///
    /// - Returns: whether there may be more to come.
    mutating func take(_ event: YAMLEvent) throws(YAMLFailure) -> Bool {
        switch event.kind {
        case .documentStart: return startDocument(event)
        case .streamEnd: return false
        case .scalar(let text, let isPlain): addScalar(text, isPlain: isPlain, event)
        case .alias(let name): try addAlias(name, event)
        case .sequenceStart: try start(event, isMapping: false)
        case .mappingStart: try start(event, isMapping: true)
        case .collectionEnd: finish(event)
        case .other: break
        }
        return true
    }

    private mutating func startDocument(_ event: YAMLEvent) -> Bool {
        guard hasDocument else {
            hasDocument = true
            return true
        }
        document.problems.append(
            YAMLFailure(
                .limit,
                at: event.mark,
                to: event.end,
                "a second document begins here",
                expected: "one document in a file"
            )
        )
        return false
    }

    private mutating func addScalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) {
        if let tag = event.tag { check(tag, of: ["str", "null", "bool", "int", "float"], event) }
        let node = YAMLNode(
            content: .scalar(text: text, isPlain: isPlain, tag: event.tag),
            mark: event.mark,
            end: event.end
        )
        if stack.isEmpty, text.isEmpty, isPlain, event.tag == nil { return }
        if let anchor = event.anchor { anchors[anchor] = Built(node: node) }
        add(node, values: 1, levels: 0)
    }

    private mutating func addAlias(_ name: String, _ event: YAMLEvent) throws(YAMLFailure) {
        guard var built = anchors[name] else {
            let isOpen = stack.contains { $0.anchor == name }
            document.problems.append(
                YAMLFailure(
                    .syntax,
                    at: event.mark,
                    to: event.end,
                    isOpen
                        ? "`*\(name)` stands inside the value that it names"
                        : "there is no anchor `&\(name)` before this"
                )
            )
            let null = YAMLContent.scalar(text: "", isPlain: true, tag: nil)
            let node = YAMLNode(content: null, mark: event.mark, end: event.end)
            return add(node, values: 1, levels: 0)
        }
        aliasedValues += built.values
        guard aliasedValues <= limits.aliasedValues else {
            throw YAMLFailure(
                .limit,
                at: event.mark,
                to: event.end,
                "the aliases up to here stand for more than \(limits.aliasedValues) values"
            )
        }
        guard stack.count + built.levels <= limits.depth else { throw tooDeep(event) }
        built.node.mark = event.mark
        built.node.end = event.end
        add(built.node, values: built.values, levels: built.levels)
    }

    private mutating func start(_ event: YAMLEvent, isMapping: Bool) throws(YAMLFailure) {
        guard stack.count < limits.depth else { throw tooDeep(event) }
        if let tag = event.tag { check(tag, of: [isMapping ? "map" : "seq"], event) }
        // An anchor names its newest value, which is not known before it is finished.
        if let anchor = event.anchor { anchors[anchor] = nil }
        stack.append(Frame(isMapping: isMapping, anchor: event.anchor, mark: event.mark))
    }

    private func tooDeep(_ event: YAMLEvent) -> YAMLFailure {
        YAMLFailure(
            .limit,
            at: event.mark,
            to: event.end,
            "more than \(limits.depth) collections stand inside one another"
        )
    }

    private mutating func check(_ tag: String, of known: [String], _ event: YAMLEvent) {
        if tag == "!" || known.contains(where: { tag == "tag:yaml.org,2002:" + $0 }) { return }
        // The merge key may carry its tag.
        if tag == YAMLMerge.tag { return }
        document.foreignTags.append(.init(tag: tag, mark: event.mark, end: event.end))
    }

    private mutating func finish(_ event: YAMLEvent) {
        guard let frame = stack.popLast() else { return }
        let content: YAMLContent
        if frame.isMapping {
            let merged = YAMLMerge.entries(
                frame.entries,
                hasMerge: frame.hasMerge,
                problems: &document.problems
            )
            content = .mapping(merged)
        } else {
            content = .sequence(frame.items)
        }
        let node = YAMLNode(content: content, mark: frame.mark, end: event.end)
        if let anchor = frame.anchor {
            anchors[anchor] = Built(node: node, values: frame.values, levels: frame.levels)
        }
        add(node, values: frame.values, levels: frame.levels)
    }

    /// Puts a finished value where it belongs: into the innermost open collection.
    private mutating func add(_ node: consuming YAMLNode, values: Int, levels: Int) {
        let top = stack.count - 1
        guard top >= 0 else {
            document.root = node
            return
        }
        stack[top].values += values
        stack[top].levels = max(stack[top].levels, levels + 1)
        if !stack[top].isMapping {
            stack[top].items.append(node)
        } else if let key = stack[top].key.take() {
            stack[top].entries.append(YAMLNode.Entry(key: key, value: node))
        } else {
            if YAMLMerge.isMerge(node) { stack[top].hasMerge = true }
            stack[top].key = node
        }
    }
}
