import PreviewCore

/// A lock as Terraform's HTTP protocol tells of it: `{"ID","Operation","Info","Who","Version","Created",
/// "Path"}` (Terraform's `statemgr.LockInfo`).
///
/// Ours are filled so that whoever is locked out of another tool sees who we are; `Info` also has the
/// whole holder, so that we see each other as we are.
struct TerraformLock: Sendable {
    /// What identifies it on the server; ours are the ids of our runs.
    let id: String
    /// Who has it, as far as the server tells.
    let holder: LockHolder
    /// The document that takes and gives back this lock.
    let json: JSONValue

    /// The lock that a run asks for.
    init(for holder: LockHolder, app: String) throws {
        id = holder.id
        self.holder = holder
        let info = JSONWriter.line(try JSONValue.encoding(holder))
        json = [
            "ID": .string(holder.id), "Operation": .string(holder.command),
            "Info": .string(String(decoding: info, as: UTF8.self)),
            "Who": .string("\(holder.user)@\(holder.host)"), "Version": "preview",
            "Created": .string(holder.since.text), "Path": .string(app),
        ]
    }

    /// The lock in a server's answer; `nil` for an answer that names none.
    init?(answer: [UInt8]) {
        // Servers that only say "locked" are within the protocol.
        guard let json = try? JSONReader.read(answer), let id = json["ID"]?.string, !id.isEmpty
        else { return nil }
        self.id = id
        self.json = json
        holder = Self.holder(of: json, id: id)
    }

    /// A lock of which the server tells nothing.
    static let unnamed = TerraformLock(
        id: "unknown",
        holder: LockHolder(
            id: "unknown", user: "unknown", host: "unknown", process: 0, command: "unknown",
            since: Timestamp(seconds: 0)),
        json: [:])

    private init(id: String, holder: LockHolder, json: JSONValue) {
        self.id = id
        self.holder = holder
        self.json = json
    }

    /// Whether this is the very lock that a run asked for, and not another one under the same id.
    func isSame(as other: TerraformLock) -> Bool { id == other.id && holder == other.holder }

    private static func holder(of json: JSONValue, id: String) -> LockHolder {
        // Another tool's `Info` is no holder.
        let told = json["Info"]?.string.flatMap {
            try? JSONReader.read($0).decoded(as: LockHolder.self)
        }
        if let told, told.id == id { return told }
        // GitLab mixes the holder's ID, Who and Created with the other fields of whoever asks, which
        // say nothing about the holder.
        let operation = told == nil ? json["Operation"]?.string ?? "" : ""
        let who = json["Who"]?.string ?? ""
        let at = who.lastIndex(of: "@")
        let (user, host) =
            at.map { (who[..<$0], who[who.index(after: $0)...]) } ?? (who[...], "")
        return LockHolder(
            id: id, user: user.isEmpty ? "unknown" : String(user),
            host: host.isEmpty ? "unknown" : String(host), process: 0,
            command: operation.isEmpty ? "unknown" : operation,
            since: json["Created"]?.string.flatMap(timestamp) ?? Timestamp(seconds: 0))
    }

    /// Go writes fractions of a second, which a `Timestamp` has none of.
    private static func timestamp(_ text: String) -> Timestamp? {
        Timestamp(String(text.prefix { $0 != "." && $0 != "Z" }) + "Z")
    }
}
