/// What a preview costs at the provider, from a dated price table (SPEC section 4). Holds no clock
/// reading: the end of life counts by its length.
package struct PlanCost: Hashable, Sendable {
    /// What the machine costs that the plan leads to.
    package var machine: MachineCost
    /// From now to the end of life, if it is never idle; `nil` without an end.
    package var untilEnd: Dollars?
    /// What the recorded machine costs for a month; `nil` where nothing is recorded.
    package var before: Dollars?
    /// When the prices were such.
    package var pricesAsOf: String

    /// The cost of what a configuration asks for; `nil` where nothing is paid or no price is known.
    init?(_ config: Config, state: State) {
        guard let machine = Self.machine(of: config, after: state) else { return nil }
        self.machine = machine
        untilEnd = config.lifecycle.ttl.map(machine.running)
        before = state.monthlyCost
        pricesAsOf = FlyCatalogue.standard.pricesAsOf
    }

    /// What the machine costs that a configuration leads to; `nil` where nothing is paid or no price is
    /// known.
    package static func machine(of config: Config, after state: State?) -> MachineCost? {
        guard config.provider == .fly, let first = config.regions.first else { return nil }
        let recorded = state?.output(of: AllocateMachine())?.region
        // A machine whose region is still wanted stays where it is.
        let region = recorded.flatMap { config.regions.contains($0) ? $0 : nil } ?? first
        return FlyCatalogue.standard.cost(of: config.resources, in: region)
    }

    /// As the plan's JSON has it, in US dollars with at most three decimals.
    var json: JSONValue {
        [
            "currency": "USD", "perHour": machine.perHour.json,
            "perMonth": machine.perMonth.json, "perMonthStopped": machine.perMonthStopped.json,
            "untilEnd": untilEnd?.json ?? .null, "before": before?.json ?? .null,
            "change": before.map { (machine.perMonth - $0).json } ?? .null,
            "pricesAsOf": .string(pricesAsOf),
        ]
    }

    /// One line for people.
    package var text: String {
        var parts = [
            "\(machine.perHour.text(decimals: 3))/h running",
            "\(machine.perMonth.text())/month if never idle",
            "\(machine.perMonthStopped.text())/month stopped",
        ]
        if let untilEnd { parts.append("at most \(untilEnd.text()) until its end of life") }
        if let before, before != machine.perMonth { parts.append("now \(before.text())/month") }
        let age = machine.isOutdated ? ", an older one for this region" : ""
        return parts.joined(separator: " · ") + " (prices of \(pricesAsOf)\(age))"
    }
}

extension State {
    /// What the recorded machine costs for a month if it is never idle; `nil` where nothing is paid.
    package var monthlyCost: Dollars? {
        guard provider == .fly, !isDestroyed, let machine = output(of: AllocateMachine()) else {
            return nil
        }
        let input = self.input(of: ConfigureSettings())?.resources
        guard let resources = input ?? self.input(of: AllocateMachine())?.resources else {
            return nil
        }
        return FlyCatalogue.standard.cost(of: resources, in: machine.region)?.perMonth
    }
}
