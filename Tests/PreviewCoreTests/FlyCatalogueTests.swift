import PreviewCore
import Testing

@Suite struct FlyCatalogueTests {
    private let catalogue = FlyCatalogue.standard

    @Test("the current regions and sizes are those of the tables, and all of them have a price")
    func completeness() {
        #expect(
            catalogue.regions.map(\.code).joined(separator: " ")
                == "ams arn bom cdg dfw ewr fra gru iad jnb lax lhr nrt ord sin sjc syd yyz")
        #expect(Region.default.city == "Dallas")
        #expect(catalogue.sizes.count == 14)
        #expect(MachineSize.Kind.shared.cpus == [1, 2, 4, 6, 8])
        #expect(MachineSize.Kind.performance.cpus == [1, 2, 4, 6, 8, 10, 12, 14, 16])
        for size in catalogue.sizes {
            for region in catalogue.regions {
                #expect(catalogue.cost(of: .init(size), in: region.code) != nil)
            }
        }
    }

    @Test(
        "the price page's rows come out to the cent",
        arguments: [
            ("shared-cpu-1x", "$2.19", "$0.0030"), ("shared-cpu-2x", "$4.39", "$0.0061"),
            ("shared-cpu-4x", "$8.78", "$0.0122"), ("shared-cpu-6x", "$13.16", "$0.0183"),
            ("shared-cpu-8x", "$17.55", "$0.0244"), ("performance-1x", "$33.00", "$0.0458"),
            ("performance-2x", "$66.00", "$0.0917"), ("performance-4x", "$132.01", "$0.1833"),
            ("performance-16x", "$528.02", "$0.7334"),
        ])
    func rows(name: String, perMonth: String, perHour: String) throws {
        let size = try #require(MachineSize(name: name))
        for region in ["iad", "ewr"] {
            let cost = try #require(catalogue.cost(of: .init(size), in: region))
            #expect(cost.perMonth.text() == perMonth)
            #expect(cost.perHour.text(decimals: 4) == perHour)
            #expect(!cost.isOutdated)
        }
        #expect(catalogue.pricesAsOf == "2026-10")
    }

    @Test("more memory costs 6 dollars a gigabyte, and a region's factor applies to all of it")
    func memoryAndRegion() throws {
        let size = try #require(MachineSize(name: "shared-cpu-1x"))
        let cost = try #require(catalogue.cost(of: .init(size, memory: 1280), in: "iad"))
        #expect(cost.perMonth == Dollars(cents: 819))
        let far = try #require(catalogue.cost(of: .init(size, memory: 1280), in: "gru"))
        // 8.19 times 1.615
        #expect(far.perMonth == Dollars(millionths: 13_226_850))
        #expect(far.perMonthStopped == Dollars(cents: 15))
    }

    @Test("a region that the newest table lacks is priced by the one before, and says so")
    func outdated() throws {
        let cost = try #require(catalogue.cost(of: .default, in: "bom"))
        #expect(cost.isOutdated)
        // 4.39 times 1.076923077
        #expect(cost.perMonth.text() == "$4.73")
    }

    @Test("running costs are proportional to time, being stopped costs the disk alone")
    func time() throws {
        let cost = try #require(catalogue.cost(of: .default, in: "dfw", rootGigabytes: 2.5))
        // 4.39 times 1.25
        #expect(cost.perMonth == Dollars(millionths: 5_487_500))
        #expect(cost.running(seconds: 72 * 3600) == Dollars(millionths: 548_750))
        #expect(cost.running(seconds: 720 * 3600) == cost.perMonth)
        #expect(cost.running(seconds: 0) == .zero)
        #expect(cost.perHour.text(decimals: 3) == "$0.008")
        #expect(cost.perMonthStopped == Dollars(millionths: 375_000))
    }

    @Test("what no table knows has no price")
    func unknown() {
        #expect(catalogue.cost(of: .default, in: "atl") == nil)
        #expect(
            catalogue.cost(of: .init(size: "a100-40gb", cpu: 8, memory: 32768), in: "iad") == nil)
    }

    @Test("amounts are written with the decimals asked for and sum up exactly")
    func dollars() {
        let amount = Dollars(millionths: 5_487_500)
        #expect(amount.text() == "$5.49")
        #expect(amount.json == .number("5.488"))
        #expect((Dollars(cents: 100) - amount).text(decimals: 3) == "-$4.488")
        #expect((Dollars(cents: 100) - amount).json == .number("-4.488"))
        #expect((amount + Dollars(millionths: 12_500)).json == .number("5.5"))
        #expect(Dollars.zero.json == .number("0"))
        #expect(Dollars(millionths: -1).json == .number("0"))
        #expect(Dollars(cents: 5) < Dollars(cents: 19))
        #expect(Dollars(cents: 1900).json == .number("19"))
    }
}
