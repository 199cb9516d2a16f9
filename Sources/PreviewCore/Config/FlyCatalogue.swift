import PreviewData

/// What Fly.io offers, and what it asks for it: the dated tables that are compiled into the program.
///
/// The files say where each figure comes from. Prices are without tax, and a month has 720 hours.
package struct FlyCatalogue: Sendable {
    /// The current regions, by code.
    package let regions: [Region]
    /// The sizes of machines, smallest first.
    package let sizes: [MachineSize]
    /// When the prices were such: a day or a month, such as `2026-10`.
    package let pricesAsOf: String
    /// Cities of the regions that existed once, by code.
    let retired: [String: String]

    private let rows: [String: Row]
    private let memoryPerGigabyte: Dollars
    private let rootPerGigabyte: Dollars
    /// How much dearer a region is than the one of the table, by code.
    private let factors: [String: Double]
    /// The same in the table before, which has regions that the newest one lacks.
    private let earlierFactors: [String: Double]

    /// A size as the table has it.
    private struct Row: Sendable {
        let memory: Int
        let perMonth: Dollars
    }

    /// The tables of this version of the program, read at their first use.
    package static let standard = FlyCatalogue(
        regions: PreviewData.flyRegions, sizes: PreviewData.flySizes, prices: PreviewData.flyPrices)

    /// Reads the three tables. Rows that lack a field are left out, and a document that is no JSON
    /// gives an empty table: then nothing is known and nothing has a price, which tests notice.
    init(regions: [UInt8], sizes: [UInt8], prices: [UInt8]) {
        let regions = Self.document(regions)
        self.regions = Self.rows(regions, "regions").compactMap(Region.init)
            .sorted { $0.code < $1.code }
        retired = Self.rows(regions, "retired").reduce(into: [:]) { cities, row in
            guard let code = row["code"]?.string, let city = Region.city(row) else { return }
            cities[code] = city
        }
        let sizes = Self.document(sizes)
        self.sizes = Self.rows(sizes, "presets").compactMap {
            MachineSize($0, steps: sizes["perCpu"])
        }
        let prices = Self.document(prices)
        pricesAsOf = prices["asOf"]?.string ?? ""
        rows = Self.rows(prices, "presets").reduce(into: [:]) { rows, row in
            guard let name = row["name"]?.string, let memory = row["memoryMb"]?.int,
                let price = row["monthly"]?.double
            else { return }
            rows[name] = Row(memory: memory, perMonth: Dollars(price))
        }
        memoryPerGigabyte = Dollars(prices["formula"]?["ramPerGbMonthly"]?.double ?? 0)
        rootPerGigabyte = Dollars(prices["stoppedRootfsPerGbMonth"]?.double ?? 0)
        factors = Self.numbers(prices["regionMultipliers"])
        earlierFactors = Self.numbers(prices["previous"]?["regionMultipliers"])
    }

    /// What a machine costs, by the newest table; `nil` for a size or a region that it does not know.
    ///
    /// `rootGigabytes`: how much of the root filesystem is in use, which is all that is paid for
    /// while the machine is stopped. A stock image of a language with a small app has about 1 GB.
    package func cost(
        of resources: Config.Resources, in region: String, rootGigabytes: Double = 1
    ) -> MachineCost? {
        guard let row = rows[resources.size], let factor = factors[region] ?? earlierFactors[region]
        else { return nil }
        // The table has the least memory of each size; more is sold by the gigabyte.
        let more = Double(resources.memory - row.memory) / 1024
        return MachineCost(
            perMonth: (row.perMonth + memoryPerGigabyte * more) * factor,
            perMonthStopped: rootPerGigabyte * rootGigabytes,
            isOutdated: factors[region] == nil)
    }

    private static func document(_ bytes: [UInt8]) -> JSONValue {
        // Losing a broken table is right: see the initializer.
        (try? JSONReader.read(bytes)) ?? .null
    }

    private static func rows(_ document: JSONValue, _ name: String) -> [JSONValue] {
        document[name]?.array ?? []
    }

    private static func numbers(_ value: JSONValue?) -> [String: Double] {
        (value?.object?.members ?? []).reduce(into: [:]) { $0[$1.name] = $1.value.double }
    }
}

/// What one machine costs, in US dollars without tax.
///
/// It is billed by the second while it is `started`; otherwise only its root filesystem is
/// (fly/machines-api section 12).
package struct MachineCost: Hashable, Sendable {
    /// For 720 hours of running.
    package let perMonth: Dollars
    /// For 720 hours of being stopped or suspended.
    package let perMonthStopped: Dollars
    /// Whether the newest table lacks the region, so that the one before it was taken.
    package let isOutdated: Bool

    private static let hoursPerMonth = 720

    /// For an hour of running.
    package var perHour: Dollars { running(seconds: 3600) }

    /// For that many seconds of running, such as those of a preview's whole life.
    package func running(seconds: Int) -> Dollars {
        perMonth * (Double(seconds) / Double(Self.hoursPerMonth * 3600))
    }
}
