import PreviewCore

/// Exclusive rights to change a machine (reference, section 4.9).
extension FlyModel {
    private static let usualSeconds = 60

    /// `POST .../lease`: takes a lease, or renews the one whose nonce comes along.
    mutating func takeLease(_ call: Call) throws(APIError) -> Reply {
        var machine = try liveMachine(of: call)
        let seconds = try leaseSeconds(call)
        let held = machine.lease(at: now)
        if let nonce = call.nonce {
            guard held != nil else { throw APIError(404, "lease not found") }
            guard held?.nonce == nonce else { throw leaseHeld(machine, shape: .older) }
            machine.lease?.expiresAt = now + .seconds(seconds)
        } else {
            guard held == nil else { throw leaseHeld(machine, shape: .older) }
            grantLease(
                of: &machine, to: call, seconds: seconds,
                description: call.body.given("description")?.string ?? "")
        }
        machines[machine.id] = machine
        guard let lease = machine.lease else { throw APIError(404, "lease not found") }
        return .now(.json(201, envelope(lease, withNonce: true)))
    }

    /// `GET .../lease`. The nonce is known to its taker alone.
    func getLease(_ call: Call) throws(APIError) -> Reply {
        guard let lease = try machine(of: call).lease(at: now) else {
            throw APIError(404, "lease not found")
        }
        return .now(.json(200, envelope(lease, withNonce: false)))
    }

    /// `DELETE .../lease`.
    mutating func releaseLease(_ call: Call) throws(APIError) -> Reply {
        let machine = try machine(of: call)
        guard let nonce = call.nonce else { throw .invalid("lease nonce is required") }
        guard let lease = machine.lease(at: now) else { throw APIError(404, "lease not found") }
        guard lease.nonce == nonce else { throw leaseHeld(machine, shape: .older) }
        machines[machine.id]?.lease = nil
        return .now(.json(200, ["status": "success", "data": ["ok": true]]))
    }

    /// Gives the caller of `call` the lease of a machine; its nonce.
    @discardableResult
    mutating func grantLease(
        of machine: inout Machine, to call: Call, seconds: Int, description: String
    ) -> String {
        counts.leases += 1
        let nonce = ids.hexadecimal(12)
        machine.lease = Machine.Lease(
            nonce: nonce, owner: call.credential?.owner ?? "", description: description,
            expiresAt: now + .seconds(seconds), version: machine.current.id)
        return nonce
    }

    /// Refuses a change of a leased machine that comes without the lease's nonce.
    func guardLease(of machine: Machine, against call: Call) throws(APIError) {
        guard let lease = machine.lease(at: now), lease.nonce != call.nonce else { return }
        throw leaseHeld(machine, shape: .current)
    }

    func leaseHeld(_ machine: Machine, shape: APIError.Shape) -> APIError {
        let lease = machine.lease
        return APIError(
            409,
            "machine ID \(machine.id) lease currently held by \(lease?.owner ?? ""), expires at "
                + (lease?.expiresAt.text ?? ""),
            shape: shape)
    }

    /// A lease as other calls show it, without its nonce.
    func strippedJSON(_ lease: Machine.Lease) -> JSONValue {
        [
            "owner": .string(lease.owner), "expires_at": .int(lease.expiresAt.unixSeconds),
            "description": .string(lease.description),
        ]
    }

    private func envelope(_ lease: Machine.Lease, withNonce: Bool) -> JSONValue {
        let data: JSONValue = .object([
            ("nonce", withNonce ? .string(lease.nonce) : nil),
            ("expires_at", .int(lease.expiresAt.unixSeconds)), ("owner", .string(lease.owner)),
            ("description", .string(lease.description)), ("version", .string(lease.version)),
        ])
        return ["status": "success", "data": data]
    }

    /// The life time from the body, as the documents have it, or from the query, as fly-go does.
    private func leaseSeconds(_ call: Call) throws(APIError) -> Int {
        let query = call.request.queryValue("ttl")
        guard call.body.given("ttl") != nil || query != nil else { return Self.usualSeconds }
        let seconds = call.body.given("ttl")?.int ?? query.flatMap(Int.init)
        guard let seconds, seconds > 0 else { throw .invalid("invalid ttl") }
        return seconds
    }
}
