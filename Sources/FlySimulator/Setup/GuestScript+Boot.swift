import PreviewCore

extension GuestScript {
    /// Says of each boot what the boot script of `preview` says of one that works, or of one whose
    /// `PREVIEW_BOOT_START` is `fail PHASE`; nothing is run. A machine that was told nothing to boot
    /// ends at once.
    @Sendable package static func booting(_ boot: GuestBoot) -> GuestScript {
        var script = GuestScript()
        guard let key = boot.environment["PREVIEW_BOOT_KEY"] else {
            script.listensAfter = nil
            script.end = .init(after: .zero, code: 0)
            return script
        }
        // What the log follower of `preview` looks for.
        let prefix = "::preview:\(key):\(1_795_000_000 + boot.number)-\(boot.number):"
        var number = 0
        func say(_ words: String) {
            number += 1
            script.lines.append(
                .init(after: .milliseconds(2 * number), "\(prefix)\(number):\(words);"))
        }
        let start = boot.environment["PREVIEW_BOOT_START"] ?? ""
        for phase in BootPhase.allCases {
            say("phase name=\(phase.rawValue) state=begin")
            script.lines.append(
                .init(after: .milliseconds(2 * number), "output of \(phase.rawValue)"))
            if start == "fail \(phase.rawValue)" {
                say("failed phase=\(phase.rawValue) reason=command status=3")
                script.listensAfter = nil
                script.end = .init(
                    after: .milliseconds(2 * number + 2), code: 110 + phase.number)
                return script
            }
            say("phase name=\(phase.rawValue) state=end ms=\(10 * phase.number)")
        }
        say("ready status=200")
        script.listensAfter = .milliseconds(5)
        script.response.body = boot.environment["PREVIEW_BOOT_COMMIT"] ?? ""
        return script
    }
}
