import Testing

@Suite struct DocumentationTests {
    private func missing(_ text: String) -> [Int] {
        let source = SwiftSource(path: "", text: text)
        return Documentation(source: source, requirements: Requirements(of: [source])).missing
    }

    @Test("tests that a page names exist")
    func namedTests() throws {
        let suites = Set(
            SourceTree.tests.flatMap(\.lines).compactMap {
                $0.firstMatch(of: /struct (\w+Tests)\b/).map { String($0.1) }
            })
        let pages = try SourceTree.files(below: "Sources").filter { $0.hasSuffix(".md") }
        for page in pages {
            for named in try SourceTree.text(of: page).matches(of: /`(\w+Tests)`/) {
                #expect(suites.contains(String(named.1)), "\(page): \(named.1)")
            }
        }
        #expect(pages.count > 3)
    }

    @Test("properties need words as functions do, whatever their type's say")
    func properties() {
        let text = """
            /// A place.
            package struct Place {
                package var line: Int
                /// From 1.
                package private(set) var column: Int
                package static let start = Place(line: 1)
                var inside = 1
                package func move() {}
            }
            """
        #expect(missing(text) == [3, 6, 8])
    }

    @Test("an initialiser that only fills properties needs none, any other does")
    func initialisers() {
        let text = """
            /// A place.
            package struct Place {
                package init() {}
                package init(line: Int, column: Int = 1) {
                    self.line = line
                    self.column = column
                }
                package init(_ text: String) { line = Int(text) }
                package init(of other: Place) {
                    self = other.moved { $0 + 1 }
                }
                package init(from decoder: any Decoder) throws { line = try read(decoder) }
            }
            """
        #expect(missing(text) == [9])
    }

    @Test("whoever fulfils a requirement is documented by it, and nobody else")
    func fulfilments() {
        let text = """
            /// Something with a name.
            package protocol Named {
                /// For people.
                var name: String { get }
            }
            /// One of those.
            package struct Place: Named {
                package let name = "here"
            }
            /// Conforms elsewhere.
            package struct Other {
                package let name = "there"
            }
            extension Other: Named {
            }
            /// None of those.
            package struct Stranger {
                package let name = "who"
                package var description: String { name }
            }
            """
        #expect(missing(text) == [18])
    }
}
