package import PreviewCore
import PreviewSystem

/// What is told across apps.
extension FlyClient {
    // MARK: - Regions

    /// The regions as of now.
    package func regions() async throws -> [FlyRegion] {
        try await machines.json(
            .init(method: "GET", path: "/platform/regions", effect: .reads)
        ) { $0.list("regions")?.compactMap(FlyRegion.init) }
    }

    /// What time it is at the platform, by the date of an answer that needs no token.
    package func time() async throws -> Timestamp? {
        try await machines.send(
            .init(method: "GET", path: "/platform/regions", effect: .reads)
        ) { response in
            response.header("Date").flatMap(HTTPDate.unixSeconds).map {
                Timestamp(seconds: Int($0))
            }
        }
    }

    /// Where machines of a size would find room, the preferred region first: nothing is made.
    ///
    /// `guest` is the part of a config of that name, `regions` are codes in order of preference.
    /// No room at all may be told by an empty answer or as ``FlyFailure/Cause/regionFull``.
    package func placements(
        of guest: JSONObject, count: Int = 1, regions: [String], organization: String
    ) async throws -> [FlyPlacement] {
        try await machines.json(
            .init(
                method: "POST", path: "/platform/placements",
                body: [
                    "org_slug": .string(organization), "compute": .object(guest),
                    "region": .string(regions.joined(separator: ",")), "count": .int(count),
                ], effect: .reads)
        ) { $0.list("regions")?.compactMap(FlyPlacement.init) }
    }

    // MARK: - Machines everywhere

    /// All machines of an organization, as they were some seconds ago: what was made or destroyed
    /// since may be missing or still there.
    package func machines(ofOrganization organization: String) async throws -> FlyCensus {
        var census = FlyCensus(members: [], missingRegions: [])
        var cursor: String?
        repeat {
            let query = [("limit", "1000")] + (cursor.map { [("cursor", $0)] } ?? [])
            let page = try await machines.json(
                .init(
                    method: "GET", path: "/orgs/\(escaped(organization))/machines", query: query,
                    effect: .reads)
            ) { answer in answer.list("machines").map { (machines: $0, answer: answer) } }
            census.members += page.machines.compactMap(FlyCensus.Member.init)
            let missing = (page.answer.list("error_regions") ?? []).compactMap(\.string)
            census.missingRegions += missing.filter { !census.missingRegions.contains($0) }
            cursor = page.answer.nextCursor
        } while cursor != nil
        return census
    }

    // MARK: - Logs

    /// What an app's machine printed after a place in the log; the last minutes without one. An app
    /// that does not exist is ``FlyFailure/Cause/unauthorised`` here.
    package func logs(
        of app: String, machine: String? = nil, after token: String?
    ) async throws -> FlyLogPage {
        var query = [("next_token", token ?? "")]
        if let machine { query.append(("instance", machine)) }
        return try await platform.json(
            .init(
                method: "GET", path: "/api/v1/apps/\(escaped(app))/logs", query: query,
                effect: .reads)
        ) { $0.object == nil ? nil : FlyLogPage($0) }
    }
}
