import Testing

@Suite("Going through the steps")
struct StepTests {
    @Test("R-27, H9: everything is set up, a second apply changes nothing, destroy leaves nothing")
    func wholeLife() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let plan = try await box.preview("plan")
            #expect(plan.code == 0 && plan.output.contains("Plan: 4 steps to run"), "\(plan)")
            #expect(!box.exists(".preview"), "plan writes nothing")
            let first = try await box.preview("apply", "--yes")
            #expect(first.code == 0, "\(first)")
            let url = try #require(first.lines.last)
            #expect(url.hasPrefix("http://shop-"))
            let before = box.bytes(try box.record() + "/state.json")
            let second = try await box.preview("apply", "--yes")
            #expect(second.code == 0 && second.lines.last == url, "\(second)")
            #expect(box.bytes(try box.record() + "/state.json") == before)
            #expect(box.supervisors().count == 1)
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0 && destroyed.output.contains("nothing is left"), "\(destroyed)")
            #expect(box.supervisors().isEmpty)
            let none = try await box.preview("status")
            #expect(none.code == 1 && none.errorCode == "PV0507", "\(none)")
        }
    }
}
