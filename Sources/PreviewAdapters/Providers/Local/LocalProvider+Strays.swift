import PreviewCore
import PreviewSystem

/// Processes of a preview on this machine that nobody would end any more.
struct StrayPreview: Hashable, Sendable {
    /// The name of the preview's folder.
    var app: String
    /// The lineage of the record that they belonged to, where that is written down.
    var lineage: String?
    /// Its supervisor, if it lives: it ends the app with itself.
    var supervisor: ProcessIdentity?
    /// All of them.
    var processes: [ProcessIdentity] = []

    /// What ends them: the supervisor, where there is one, takes care of the rest.
    var command: String {
        let ending = supervisor.map { [$0] } ?? processes
        return "kill " + ending.map { String($0.pid) }.joined(separator: " ")
    }
}

extension LocalProvider {
    /// The previews of the folder with living processes, but for those of these lineages.
    ///
    /// Found are those of machines that are written down. Where somebody removed a folder under what
    /// ran there, its supervisor is known by its arguments, and its app by mark and working folder.
    func strays(besides lineages: Set<String>) throws -> [StrayPreview] {
        var strays: [StrayPreview] = []
        var seen: Set<ProcessIdentity> = []
        for document in try documents() {
            guard let link = try link(to: Self.machine(document)) else { continue }
            let processes = try link.processes()
            seen.formUnion(processes)
            guard !processes.isEmpty, !lineages.contains(document.owner.lineage) else { continue }
            strays.append(
                StrayPreview(
                    app: document.app, lineage: document.owner.lineage,
                    supervisor: try link.living, processes: processes))
        }
        return (strays + unwritten(besides: seen)).sorted { $0.app < $1.app }
    }

    /// What runs for previews of the folder whose machine is not written down any more.
    private func unwritten(besides seen: Set<ProcessIdentity>) -> [StrayPreview] {
        let root = surroundings.root
        var found: [String: StrayPreview] = [:]
        let supervisors = ProcessIdentity.all(withArguments: [SupervisorLink.word, root])
        // The oldest is the supervisor: what it starts has its arguments until it has its own.
        for process in supervisors.sorted(by: { ($0.startTicks, $0.pid) < ($1.startTicks, $1.pid) })
        where !seen.contains(process) {
            guard let app = process.arguments.last, found[app] == nil else { continue }
            found[app] = StrayPreview(app: app, supervisor: process, processes: process.tree())
        }
        for process in ProcessIdentity.all(withVariable: AppEnvironment.Mark.machine)
        where !seen.contains(process) {
            guard let place = process.workingDirectory, place.hasPrefix(root + "/"),
                let app = place.dropFirst(root.count + 1).split(separator: "/").first
            else { continue }
            let name = String(app)
            let isKnown = found[name]?.processes.contains(process) == true
            if !isKnown { found[name, default: StrayPreview(app: name)].processes.append(process) }
        }
        return Array(found.values)
    }

    /// Where the app of a machine listens, and the port that visitors use; `nil` for a machine that
    /// is gone or was never booted.
    func sockets(
        of machine: Machine
    ) throws -> (isOpenToVisitors: Bool, app: [ListeningSocket])? {
        guard let link = try link(to: machine), let status = try link.recorded else { return nil }
        let own = ListeningSocket.all(of: try link.processes())
        let gate = own.contains { Int($0.port) == machine.port }
        let app = own.filter { Int($0.port) != machine.port && $0.pid != status.supervisor?.pid }
        return (gate, app)
    }
}
