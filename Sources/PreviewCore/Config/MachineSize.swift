/// A row of Fly.io's size table: kind and number of CPUs, and the memory they can have. The sizes
/// hold for every provider, so that a file means the same everywhere.
///
/// From superfly/fly-go `machine_types.go` and superfly/docs `machine-sizing.html.markerb` as of
/// 2026-08-21: memory per CPU is 256 to 2048 MB in steps of 256 for shared ones and 2048 to 8192 MB
/// for performance ones, there in steps of 2048 (the sources differ; this step satisfies both).
package struct MachineSize: Hashable, Sendable {
    /// Shared or whole CPUs.
    package let kind: Kind
    /// How many.
    package let cpus: Int

    /// How a CPU is given: in slices, or whole.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case shared, performance

        /// The numbers of CPUs there are.
        package var cpus: [Int] {
            switch self {
            case .shared: [1, 2, 4, 6, 8]
            case .performance: [1, 2, 4, 6, 8, 10, 12, 14, 16]
            }
        }
    }

    /// The size with that many CPUs, if there is one.
    package init?(_ kind: Kind, cpus: Int) {
        guard kind.cpus.contains(cpus) else { return nil }
        self.init(known: kind, cpus)
    }

    /// The size of that name, such as `shared-cpu-2x`.
    package init?(name: String) {
        guard let size = Self.all.first(where: { $0.name == name }) else { return nil }
        self = size
    }

    private init(known kind: Kind, _ cpus: Int) {
        self.kind = kind
        self.cpus = cpus
    }

    /// The default of SPEC section 2.
    package static let `default` = MachineSize(known: .shared, 2)

    /// All sizes, smallest first.
    package static let all = Kind.allCases.flatMap { kind in
        kind.cpus.map { MachineSize(known: kind, $0) }
    }

    /// The preset's name.
    package var name: String {
        switch kind {
        case .shared: "shared-cpu-\(cpus)x"
        case .performance: "performance-\(cpus)x"
        }
    }

    /// Memory in MB that it can have, in steps of ``memoryStep``. The least is also the default.
    package var memory: ClosedRange<Int> {
        switch kind {
        case .shared: cpus * 256...cpus * 2048
        case .performance: cpus * 2048...cpus * 8192
        }
    }

    /// In MB.
    package var memoryStep: Int { kind == .shared ? 256 : 2048 }

    /// Whether it can have that much memory, in MB.
    package func allows(memory amount: Int) -> Bool {
        memory.contains(amount) && amount % memoryStep == 0
    }
}
