import PreviewCore
import Testing

@Suite("Times and durations")
struct ValuesTimeTests {
    @Test(
        "a time stamp is ISO 8601 in UTC with seconds",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1_795_499_460, "2026-11-24T05:51:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (4_102_444_799, "2099-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"), (1_709_210_096, "2024-02-29T12:34:56Z"),
        ])
    func timestamps(_ seconds: Int, _ text: String) {
        #expect(Timestamp(seconds: seconds).text == text)
        #expect(Timestamp(text)?.seconds == seconds)
    }

    @Test("every day of four centuries comes back, and days follow each other")
    func calendar() {
        var previous = ""
        for day in stride(from: 0, to: 146_097, by: 7) {
            let time = Timestamp(seconds: (day - 25_567) * 86_400 + day % 86_400)
            #expect(Timestamp(time.text) == time)
            #expect(time.text > previous)
            previous = time.text
        }
    }

    @Test(
        "anything else is no time stamp",
        arguments: [
            "", "2026-11-24", "2026-11-24T05:51:00", "2026-11-24 05:51:00Z", "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T05:60:00Z", "yesterday",
            "2026-11-24T05:51:00Zjunk", "2026-11-24T05:51:00+01:00", "26-11-24T05:51:00Z",
            "2026-1-24T05:51:00Z", "-026-11-24T05:51:00Z", "2026-11-24T05:51:00.5Z",
            "2026-00-10T05:51:00Z",
        ])
    func notTimestamps(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("times are compared and moved by seconds")
    func arithmetic() {
        let time = Timestamp(seconds: 100)
        #expect(time + 20 == Timestamp(seconds: 120) && time < time + 1)
    }

    @Test(
        "F5: what a person reads as a duration",
        arguments: [
            (0, "0s"), (12, "12s"), (59.4, "59s"), (59.5, "1m 0s"), (184, "3m 4s"),
            (3599.6, "1h 0m"),
            (7500, "2h 5m"), (172_799, "47h 59m"), (273_600, "3d 4h"), (-5, "0s"), (0.04, "0s"),
            (2.34, "2.3s"), (0.4, "0.4s"),
            (.infinity, "0s"), (.nan, "0s"),
        ] as [(Double, String)])
    func elapsed(_ seconds: Double, _ text: String) {
        #expect(DurationText.elapsed(seconds) == text)
    }

    @Test(
        "a configured time in the unit it was most likely written in",
        arguments: [
            (nil, "never"), (90, "90s"), (300, "5m"), (3600, "1h"), (259_200, "3d"), (0, "0s"),
        ] as [(Int?, String)])
    func short(_ seconds: Int?, _ text: String) {
        #expect(DurationText.short(seconds) == text)
    }
}
