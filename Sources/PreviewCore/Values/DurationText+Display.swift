extension DurationText {
    /// `90s`, `5m`, `1h`, `3d`; `never` for none.
    package static func short(_ seconds: Int?) -> String {
        seconds.map { text(seconds: $0) } ?? "never"
    }

    /// `0.4s`, `12s`, `3m 4s`, `2h 5m` or `3d 4h`; never negative (BEHAVIOURS F5).
    package static func elapsed(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e15 else { return "0s" }
        if seconds > 0, seconds < 9.95 {
            let tenths = Int((seconds * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
        }
        let whole = max(0, Int(seconds.rounded()))
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m \(whole % 60)s" }
        if whole < 2 * 86400 { return "\(whole / 3600)h \(whole % 3600 / 60)m" }
        return "\(whole / 86400)d \(whole % 86400 / 3600)h"
    }
}
