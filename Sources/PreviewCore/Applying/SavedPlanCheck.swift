/// Compares a plan that was saved, or shown, with the plan as it is now.
struct SavedPlanCheck {
    let saved: Plan
    let fresh: Plan

    /// Refuses a saved plan that no longer fits, with the differences.
    ///
    /// `ownSerial`: the serial of this run's last write. Before there is one, the record
    ///   and the machine must still be those of the plan; afterwards they differ by the run's own
    ///   work, and by nothing else.
    func check(_ step: StepID, ownSerial: Int?) throws {
        var differences: [Failure.Evidence] = []
        func compare(
            _ name: String, _ was: String?, _ now: String?, length: Int = .max
        ) {
            guard was != now else { return }
            let (was, now) = (was ?? "none", now ?? "none")
            differences.append(.init(name, "\(cut(was, length)) → \(cut(now, length))"))
        }
        compare("preview", saved.app, fresh.app)
        compare("configuration", saved.configDigest, fresh.configDigest, length: 12)
        compare("commit", saved.observed.commit, fresh.observed.commit, length: 12)
        compare("serial", String(ownSerial ?? saved.serial), String(fresh.serial))
        if ownSerial == nil {
            compare("lineage", saved.lineage, fresh.lineage)
            compare("machine", saved.observed.machine, fresh.observed.machine, length: 12)
        }
        for earlier in saved.steps where earlier.id < step && earlier.action == .none {
            compare(
                "step \(earlier.id.number)", earlier.action.rawValue,
                fresh[earlier.id].action.rawValue)
        }
        let (was, now) = (saved[step], fresh[step])
        if now.action != .none {
            if was.input != nil || was.action == .none {
                compare("step \(step.number)", was.action.rawValue, now.action.rawValue)
            }
            if let input = was.input, now.input != input {
                differences.append(.init("step \(step.number)", "its input differs"))
            }
        }
        guard differences.isEmpty else {
            throw Failure(
                .stalePlan, .stalePlan, "the plan no longer fits what is there now",
                evidence: differences, fix: "make a new plan with `preview plan --out FILE`",
                retry: "preview plan")
        }
    }

    /// The words of a text, the digests among them cut to what tells them apart.
    private func cut(_ text: String, _ length: Int) -> String {
        text.split(separator: " ").map { $0.prefix(length) }.joined(separator: " ")
    }
}

extension PlannedStep {
    /// Whether both would do the same: what a person approved may be run.
    func isSameWork(as other: PlannedStep) -> Bool {
        id == other.id && action == other.action && input == other.input
            && changes == other.changes
    }
}
