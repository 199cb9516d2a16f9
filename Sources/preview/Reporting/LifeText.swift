import PreviewCore

/// The end of a preview's life in words.
struct LifeText {
    let now: Timestamp

    /// What `extend` and `pin` did.
    func text(of receipt: LifeChange.Receipt, _ wish: LifeChange.Wish) -> String {
        let app = receipt.state.app
        guard receipt.isChanged else { return unchanged(receipt.state, wish) }
        let before = receipt.before.map { "; before it was \($0.text)" } ?? ""
        guard let end = receipt.state.expiresAt else {
            return "\(app) lives until it is destroyed by name\(before)."
        }
        let past = end <= now ? " `preview prune` takes it now." : ""
        return "\(app) lives until \(clock(end))\(before).\(past)"
    }

    private func unchanged(_ state: State, _ wish: LifeChange.Wish) -> String {
        switch wish {
        case .pin: return "\(state.app) is pinned already."
        case .unpin: return "\(state.app) is not pinned; its ttl counts."
        case .extend:
            let reason = state.chosenEnd == .never ? "it is pinned" : "it has no ttl"
            return "\(state.app) has no end of life that could be moved: \(reason)."
        }
    }

    /// A time with how far away it is.
    func clock(_ time: Timestamp) -> String {
        let left = time.seconds - now.seconds
        return left > 0
            ? "\(time.text) (in \(DurationText.elapsed(Double(left))))" : "\(time.text) (past)"
    }

    /// The end of life as `status` shows it, with who decided it.
    func ttl(of state: State) -> String {
        switch state.chosenEnd {
        case .never: "no end of life: pinned"
        case .at(let time): "\(clock(time)), extended"
        case nil: state.expiresAt.map(clock) ?? "no end of life"
        }
    }
}
