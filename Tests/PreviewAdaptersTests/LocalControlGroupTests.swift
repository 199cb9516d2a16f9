import PreviewAdapters
import Testing

@Suite("Control groups of a machine")
struct LocalControlGroupTests {
    @Test("version 1 beside version 2: each controller has its own place")
    func hybrid() {
        let surroundings = ControlGroups.Surroundings(
            mounts: """
                30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
                31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
                32 30 0:28 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
                33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
                """,
            membership: "9:name=systemd:/\n4:memory:/outer/inner\n3:cpu,cpuacct:/\n0::/\n"
        )
        #expect(surroundings.candidates(for: .unified) == ["/sys/fs/cgroup/unified"])
        #expect(surroundings.candidates(for: .cpu) == ["/sys/fs/cgroup/cpu"])
        #expect(
            surroundings.candidates(for: .memory) == [
                "/sys/fs/cgroup/memory/outer/inner", "/sys/fs/cgroup/memory/outer",
                "/sys/fs/cgroup/memory",
            ]
        )
    }

    @Test("version 2 alone: from the own group upwards, as far as it may be delegated")
    func unified() {
        let surroundings = ControlGroups.Surroundings(
            mounts: "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
            membership: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope\n"
        )
        let candidates = surroundings.candidates(for: .unified)
        #expect(candidates.count == 6)
        #expect(candidates[1].hasSuffix("/user@1000.service/app.slice"))
        #expect(candidates.last == "/sys/fs/cgroup")
        #expect(surroundings.candidates(for: .memory).isEmpty)
    }

    @Test("no control groups at all")
    func none() {
        let surroundings = ControlGroups.Surroundings(mounts: "torn line", membership: "torn")
        for controller in ControlGroups.Controller.allCases {
            #expect(surroundings.candidates(for: controller).isEmpty)
        }
    }
}
