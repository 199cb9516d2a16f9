/// Durations as people write and read them.
package enum DurationText {
    /// `90s`, `5m`, `1h`, `3d`: the largest unit that divides it; `never` for none.
    package static func short(_ seconds: Int?) -> String {
        guard let seconds else { return "never" }
        for (unit, size) in [("d", 86400), ("h", 3600), ("m", 60)]
        where seconds >= size && seconds % size == 0 {
            return "\(seconds / size)\(unit)"
        }
        return "\(seconds)s"
    }

    /// `12s`, `3m 4s` or `2h 5m`; never negative (BEHAVIOURS F5).
    package static func elapsed(_ seconds: Double) -> String {
        let whole = max(0, Int(seconds.rounded()))
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m \(whole % 60)s" }
        return "\(whole / 3600)h \(whole % 3600 / 60)m"
    }
}
