import PreviewCore
import PreviewSystem

/// The kernel's control groups of one machine: they limit what the app uses and find every process
/// that it started (cgroups(7)).
///
/// Version 2 where it is delegated to this user, or version 1 controllers beside it. What cannot be
/// had is remarked, not required.
package struct ControlGroups: Sendable {
    /// The group of each controller, as a folder.
    private var folders: [Controller: String] = [:]

    /// What a group is of.
    package enum Controller: String, Sendable, CaseIterable {
        /// Version 2, whatever it controls here.
        case unified
        /// A controller of version 1.
        case memory, cpu
    }

    /// Where this machine's control groups are and which one this process is in.
    package struct Surroundings: Sendable {
        /// The text of `/proc/self/mountinfo`.
        package var mounts: String
        /// The text of `/proc/self/cgroup`.
        package var membership: String

        /// Those that the two texts tell.
        package init(mounts: String, membership: String) {
            self.mounts = mounts
            self.membership = membership
        }

        /// As this process sees them; `nil` on a system without control groups.
        static func current() -> Surroundings? {
            guard let mounts = KernelFile.text("/proc/self/mountinfo"),
                let membership = KernelFile.text("/proc/self/cgroup")
            else { return nil }
            return Surroundings(mounts: mounts, membership: membership)
        }

        /// The folder of the group this process is in, and its ancestors up to the mount point, for
        /// a controller; empty where it is not mounted.
        package func candidates(for controller: Controller) -> [String] {
            guard let mount = mountPoint(of: controller), let own = ownPath(in: controller) else {
                return []
            }
            var parts = own.split(separator: "/").map(String.init)
            var found: [String] = []
            while true {
                found.append(([mount] + parts).joined(separator: "/"))
                guard !parts.isEmpty else { return found }
                parts.removeLast()
            }
        }

        /// `…  /sys/fs/cgroup/memory rw,… - cgroup cgroup rw,memory`, see proc(5).
        private func mountPoint(of controller: Controller) -> String? {
            for line in mounts.split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard let separator = fields.firstIndex(of: "-"), fields.count > separator + 3,
                    fields.count > 5
                else { continue }
                let (kind, options) = (fields[separator + 1], fields[separator + 3])
                let matches =
                    controller == .unified
                    ? kind == "cgroup2"
                    : kind == "cgroup"
                        && options.split(separator: ",").contains { $0 == controller.rawValue }
                if matches { return String(fields[4]) }
            }
            return nil
        }

        /// `4:memory:/path`, and `0::/path` for version 2.
        private func ownPath(in controller: Controller) -> String? {
            for line in membership.split(separator: "\n") {
                let fields = line.split(
                    separator: ":",
                    maxSplits: 2,
                    omittingEmptySubsequences: false
                )
                guard fields.count == 3 else { continue }
                let matches =
                    controller == .unified
                    ? fields[0] == "0"
                    : fields[1].split(separator: ",").contains { $0 == controller.rawValue }
                if matches { return String(fields[2]) }
            }
            return nil
        }
    }

    /// Makes the groups for a machine of this name, or finds those that are there.
    static func make(named name: String, in surroundings: Surroundings?) -> ControlGroups {
        var groups = ControlGroups()
        guard let surroundings else { return groups }
        for controller in Controller.allCases {
            let made = surroundings.candidates(for: controller)
                .compactMap { KernelFile.makeGroup($0 + "/preview-" + name) }
            // Deeper ones are tried first; one that has the limits wins over one that has not.
            let best = made.first { hasLimits($0, of: controller) } ?? made.first
            for other in made where other != best { KernelFile.removeGroup(other) }
            groups.folders[controller] = best
        }
        return groups
    }

    /// The groups of which only the folders are known, as a status names them.
    init(folders: [String] = []) {
        for folder in folders {
            let controller: Controller =
                KernelFile.exists(folder + "/cgroup.kill")
                ? .unified : KernelFile.exists(folder + "/memory.limit_in_bytes") ? .memory : .cpu
            self.folders[controller] = folder
        }
    }

    /// The folders, for a status.
    var paths: [String] { folders.values.sorted() }

    /// The files through which a process enters the groups.
    var entrances: [String] { paths.map { $0 + "/cgroup.procs" } }

    /// Limits what the processes in the groups use together; `nil` takes the limits away. Returns
    /// remarks on what cannot be limited here.
    func limit(_ resources: Config.Resources?) -> [String] {
        var missing: [String] = []
        if !limitMemory(resources) { missing.append("memory") }
        if !limitCPU(resources) { missing.append("CPU") }
        guard !missing.isEmpty, resources != nil else { return [] }
        return [
            "limits are not enforced here: this user has no control group for "
                + missing.joined(separator: " and ")
        ]
    }

    /// Whether the kernel ended a process because the groups' memory was used up.
    var hasRunOutOfMemory: Bool {
        let files = [(Controller.unified, "memory.events"), (.memory, "memory.oom_control")]
        return files.contains { controller, file in
            guard let folder = folders[controller],
                let text = KernelFile.text(folder + "/" + file)
            else { return false }
            return text.split(separator: "\n").contains {
                $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0"
            }
        }
    }

    /// The numbers of all processes in the groups.
    func processes() -> Set<Int32> {
        Set(
            folders.values.flatMap { folder in
                (KernelFile.text(folder + "/cgroup.procs") ?? "").split(separator: "\n")
                    .compactMap { Int32($0) }
            }
        )
    }

    /// Kills all processes in the groups at once, where the kernel can (`cgroup.kill`, Linux 5.14).
    func kill() {
        guard let folder = folders[.unified] else { return }
        _ = KernelFile.write("1", to: folder + "/cgroup.kill")
    }

    /// Takes the groups away; those that still hold a process stay.
    func remove() {
        for folder in folders.values { KernelFile.removeGroup(folder) }
    }

    private static func hasLimits(_ folder: String, of controller: Controller) -> Bool {
        switch controller {
        case .unified:
            KernelFile.exists(folder + "/memory.max") && KernelFile.exists(folder + "/cpu.max")
        case .memory: KernelFile.exists(folder + "/memory.limit_in_bytes")
        case .cpu: KernelFile.exists(folder + "/cpu.cfs_quota_us")
        }
    }

    private func limitMemory(_ resources: Config.Resources?) -> Bool {
        let bytes = resources.map { String($0.memory << 20) }
        if let folder = folders[.memory] {
            return KernelFile.write(bytes ?? "-1", to: folder + "/memory.limit_in_bytes")
        }
        guard let folder = folders[.unified] else { return false }
        return KernelFile.write(bytes ?? "max", to: folder + "/memory.max")
    }

    /// In microseconds of each tenth of a second.
    private func limitCPU(_ resources: Config.Resources?) -> Bool {
        let quota = resources.map { String($0.cpu * 100_000) }
        if let folder = folders[.cpu] {
            return KernelFile.write("100000", to: folder + "/cpu.cfs_period_us")
                && KernelFile.write(quota ?? "-1", to: folder + "/cpu.cfs_quota_us")
        }
        guard let folder = folders[.unified] else { return false }
        return KernelFile.write("\(quota ?? "max") 100000", to: folder + "/cpu.max")
    }
}
