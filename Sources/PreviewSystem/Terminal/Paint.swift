/// Colours for people; every colour says again what a word says already.
package struct Paint: Sendable {
    /// Whether colours are wanted: a terminal, and neither `--no-color` nor `NO_COLOR`.
    package let isOn: Bool

    package init(isOn: Bool) { self.isOn = isOn }

    /// The text in this style.
    package func bold(_ text: String) -> String { wrap(text, "1") }
    /// The text in this style.
    package func dim(_ text: String) -> String { wrap(text, "2") }
    /// The text in this style.
    package func red(_ text: String) -> String { wrap(text, "31") }
    /// The text in this style.
    package func green(_ text: String) -> String { wrap(text, "32") }
    /// The text in this style.
    package func yellow(_ text: String) -> String { wrap(text, "33") }
    /// The text in this style.
    package func cyan(_ text: String) -> String { wrap(text, "36") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// The text followed by spaces up to a width in characters.
    package func padded(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self
    }
}
