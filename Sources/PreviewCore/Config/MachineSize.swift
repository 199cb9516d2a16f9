/// A row of Fly.io's size table: kind and number of CPUs, and the memory they can have; the table is
/// that of ``FlyCatalogue``. The sizes hold for every provider, so that a file means the same
/// everywhere.
package struct MachineSize: Hashable, Sendable {
    /// The preset's name, such as `shared-cpu-2x`.
    package let name: String
    /// Shared or whole CPUs.
    package let kind: Kind
    /// How many.
    package let cpus: Int
    /// Memory in MB that it can have, in steps of ``memoryStep``. The least is also the default.
    package let memory: ClosedRange<Int>
    /// In MB.
    package let memoryStep: Int

    /// How a CPU is given: in slices, or whole.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case shared, performance

        /// The numbers of CPUs there are.
        package var cpus: [Int] { MachineSize.all.filter { $0.kind == self }.map(\.cpus) }
    }

    /// Reads a row of the table; `steps` has what is common to a kind. `nil` for one that lacks a
    /// field.
    init?(_ row: JSONValue, steps: JSONValue?) {
        guard let name = row["name"]?.string, let word = row["cpuKind"]?.string,
            let kind = Kind(rawValue: word), let cpus = row["cpus"]?.int,
            let least = row["minMemoryMb"]?.int, let most = row["maxMemoryMb"]?.int, least <= most,
            let step = steps?[word]?["memoryStepMb"]?.int, step > 0
        else { return nil }
        (self.name, self.kind, self.cpus) = (name, kind, cpus)
        (memory, memoryStep) = (least...most, step)
    }

    /// The size with that many CPUs, if there is one.
    package init?(_ kind: Kind, cpus: Int) {
        guard let size = Self.all.first(where: { $0.kind == kind && $0.cpus == cpus }) else {
            return nil
        }
        self = size
    }

    /// The size of that name, such as `shared-cpu-2x`.
    package init?(name: String) {
        guard let size = Self.all.first(where: { $0.name == name }) else { return nil }
        self = size
    }

    /// The default of SPEC section 2.
    package static let `default`: MachineSize = {
        guard let size = MachineSize(name: "shared-cpu-2x") else {
            preconditionFailure("the table of sizes has no shared-cpu-2x")
        }
        return size
    }()

    /// All sizes, smallest first.
    package static var all: [MachineSize] { FlyCatalogue.standard.sizes }

    /// Whether it can have that much memory, in MB.
    package func allows(memory amount: Int) -> Bool {
        memory.contains(amount) && amount % memoryStep == 0
    }
}
