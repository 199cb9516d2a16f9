/// The four steps, in the order of `apply`.
package enum StepID: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable, Comparable {
    case repository, machine, settings, boot

    /// 1 to 4, as people and the command line count.
    package var number: Int {
        switch self {
        case .repository: 1
        case .machine: 2
        case .settings: 3
        case .boot: 4
        }
    }

    /// The step of a number from 1 to 4.
    package init?(number: Int) {
        guard let step = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = step
    }

    /// The order of `apply`.
    package static func < (left: StepID, right: StepID) -> Bool { left.number < right.number }
}
