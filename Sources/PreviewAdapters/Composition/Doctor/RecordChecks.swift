import PreviewCore
import PreviewSystem

/// The records, where they are kept, and what keeps them from being written.
struct RecordChecks: Sendable {
    let patient: Patient

    /// How many damaged records are told one by one.
    private static let shownDamage = 10

    /// Whether this machine's own folder can be written; makes no folder.
    func folder() async throws -> [Finding] {
        let path = try await Needs.check("store") { try patient.records.get() }.data.path
        guard let folder = try Self.existing(path, ownedBy: .own) else {
            guard let parent = Self.nearest(to: path) else {
                throw Failure(Self.denied(path))
            }
            guard parent.isWritable else { throw Failure(Self.denied(parent.path)) }
            return [.ok("\(path) is made by the first run")]
        }
        let name = ".doctor-" + Digest.hexadecimal(Moment.randomBytes(6))
        try translating {
            try folder.write(name, Array("written by preview doctor\n".utf8))
            try folder.remove(name)
        }
        return [.ok("\(path) can be written")]
    }

    /// Whether the store answers and keeps writers apart.
    func store() async throws -> [Finding] {
        let records = try patient.records.get()
        let standing = try await patient.storeStanding.value
        // Where nothing had to be tried, nothing was asked yet.
        if standing.fence == nil { _ = try await records.store.list() }
        let words = standing.fence.map { ": \($0)" } ?? ""
        let answer = Finding.ok("\(records.place) answers\(words)")
        guard let remark = records.fleetRemark else { return [answer] }
        return [answer, .warning(remark)]
    }

    /// Whether every record can be read and is whole.
    func records() async throws -> [Finding] {
        _ = try await Needs.check("store") { try await patient.storeStanding.value }
        let survey = try await patient.survey.value
        let damage = survey.damaged.prefix(Self.shownDamage).map { folder, failure in
            var failure = failure
            failure.evidence.append(.init("record", folder))
            return Finding.failed(failure)
        }
        let rest = survey.damaged.count - damage.count
        let more =
            rest > 0 ? [Finding.warning("\(rest) more are damaged: `preview state verify`")] : []
        let words = survey.count == 1 ? "1 record is good" : "\(survey.count) records are good"
        return damage + more + [.ok(words)]
    }

    /// Whether a run could take the lock.
    func lock() async throws -> [Finding] {
        if patient.hasUnusableFile { return [.needsFile] }
        _ = try await Needs.check("store") { try await patient.storeStanding.value }
        let records = try patient.records.get()
        guard let folder = try await name() else { return [.needsRecord] }
        guard let holder = try await records.store.holder(of: folder) else {
            return [.ok("free")]
        }
        let host = patient.surroundings.host
        guard holder.host == host, !holder.isAlive(on: host) else {
            return [
                .warning(
                    "held by \(holder.text)", code: .locked,
                    fix: "wait for that run: `preview apply --lock-timeout 5m`")
            ]
        }
        return [
            .failed(
                Failure(
                    .locked, .locked, "held by a run that is gone: \(holder.text)",
                    fix: "break it: `preview unlock \(holder.id)`"))
        ]
    }

    /// The name that the preview's record is or would be kept under.
    private func name() async throws -> String? {
        if case .success(let workspace) = patient.workspace { return workspace.folder }
        return try await Needs.check("records") { try await patient.preview.value }?.folder
    }

    /// What went wrong lately, in all that is recorded (BEHAVIOURS S7).
    func troubles() async throws -> [Finding] {
        let troubles = try await Needs.check("records") { try await patient.survey.value }.troubles
        guard !troubles.isEmpty else { return [.ok("no recorded preview has one")] }
        return troubles.map { trouble in
            .warning(
                "\(trouble.app), step \(trouble.step.number), \(trouble.at.text): "
                    + trouble.error.message,
                code: trouble.error.code, fix: "see `preview logs \(trouble.app)`")
        }
    }

    /// Whether there is room where previews and temporary files are kept.
    func disk() -> [Finding] {
        let places = [
            ("state folder", patient.dataFolder ?? patient.surroundings.workingDirectory),
            ("temporary files", patient.surroundings.value("TMPDIR") ?? "/tmp"),
        ]
        return places.map { purpose, path in
            guard let folder = Self.nearest(to: path), let room = folder.room else {
                return .warning("nothing tells how much room there is for the \(purpose)")
            }
            return DiskRoom(
                purpose: purpose, folder: folder.path, freeBytes: room.bytes, freeFiles: room.files
            ).finding
        }
    }

    /// A folder that is there; `nil` where there is none.
    private static func existing(
        _ path: String, ownedBy ownership: Folder.Ownership
    ) throws -> Folder? {
        try translating {
            do throws(FileFailure) {
                return try Folder.open(path, ownedBy: ownership)
            } catch {
                guard error.cause == .notFound else { throw error }
                return nil
            }
        }
    }

    /// The folder of a path, or the nearest one above it that is there.
    private static func nearest(to path: String) -> Folder? {
        var path = path
        while true {
            // What cannot be opened says nothing; the one above may.
            if let folder = try? Folder.open(path, ownedBy: .any) { return folder }
            guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    private static func denied(_ path: String) -> FileFailure {
        FileFailure(.makeFolder, path, .permissionDenied)
    }
}
