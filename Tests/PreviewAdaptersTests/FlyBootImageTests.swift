import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// What the boot script makes of images that lack something.
@Suite("The boot script on poor images", .serialized)
struct FlyBootImageTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    private static let git = Command.locate("git", in: "/usr/bin:/bin")

    @Test(
        "D50: a missing git is installed with what the distribution has",
        arguments: ["apk", "apt-get", "both"])
    func installsGit(manager: String) async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture, without: ["git"])
        let git = try #require(Self.git)
        let managers = manager == "both" ? ["apk", "apt-get"] : [manager]
        for name in managers {
            try fixture.writeProgram(
                """
                echo "\(name) $*" >>\(fixture.path("calls"))
                case $* in *git*) ln -s \(git) \(fixture.path("bin/git")) ;; esac
                """, to: "bin/\(name)")
        }
        symlink("/bin/ln", fixture.path("bin/ln"))
        let machine = try FlyBootMachine(fixture, environment: ["PATH": fixture.path("bin")])
        try machine.start(.test(fixture, commit: commit), idleTimeout: 1)
        try #require(try await machine.end() == 0, "\(machine.tail)")
        let calls = try #require(try fixture.read("calls")).split(separator: "\n")
        if manager == "apt-get" {
            #expect(
                calls == [
                    "apt-get update -qq",
                    "apt-get install -y -qq --no-install-recommends git ca-certificates",
                ])
        } else {
            #expect(calls == ["apk add --no-cache git ca-certificates"])
        }
    }

    @Test("python is installed for a static site", arguments: ["apk", "apt-get"])
    func installsServer(manager: String) async throws {
        let commit = try await fixture.makeRepository("shop")
        try FlyBootMachine.makeBin(fixture, without: ["python3"])
        try fixture.writeProgram(
            "case $* in *python3*) ln -s /usr/bin/python3 \(fixture.path("bin/python3")) ;; esac",
            to: "bin/\(manager)")
        symlink("/bin/ln", fixture.path("bin/ln"))
        let machine = try FlyBootMachine(fixture, environment: ["PATH": fixture.path("bin")])
        try machine.start(
            .test(fixture, commit: commit, start: nil).with { $0.staticRoot = "." }, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.events().contains(.ready(status: nil)))
    }

    @Test(
        "without git and a way to get it the failure says what to do",
        arguments: [nil, "apk", "apt-get"] as [String?])
    func noGit(failing manager: String?) async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture, without: ["git"])
        if let manager { try fixture.writeProgram("exit 100", to: "bin/\(manager)") }
        let machine = try FlyBootMachine(fixture, environment: ["PATH": fixture.path("bin")])
        let release = Release.test(fixture, commit: commit)
        try machine.start(release)
        #expect(try await machine.end() == 111)
        let trouble = try #require(try machine.trouble())
        #expect(trouble.reason == .gitMissing)
        #expect(trouble.failure(of: release).code == .gitMissing)
        #expect(try machine.output().contains { $0.contains("use an image with git") })
    }

    @Test(
        "the app is asked with whatever the image has",
        arguments: ["curl", "wget", "nc", "bash", "nothing"])
    func probing(tool: String) async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture)
        if tool != "nothing" {
            // One that is there and does not work keeps no other from being asked.
            symlink("/bin/false", fixture.path(tool == "curl" ? "bin/nc" : "bin/curl"))
            let program = tool == "nc" ? "/bin/busybox" : "/usr/bin/\(tool)"
            symlink(program, fixture.path("bin/\(tool)"))
        }
        let machine = try FlyBootMachine(
            fixture, environment: ["PATH": fixture.path("bin"), "STATUS": "204"])
        try machine.start(.test(fixture, commit: commit))
        let status = tool == "nothing" ? nil : 204
        try await machine.until { try $0.events().contains(.ready(status: status)) }
    }

    @Test("without setsid, as with it", arguments: FlyBootMachine.Shell.available)
    func withoutSessions(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture)
        symlink("/usr/bin/curl", fixture.path("bin/curl"))
        let machine = try FlyBootMachine(
            fixture, shell: shell, environment: ["PATH": fixture.path("bin")])
        try machine.start(.test(fixture, commit: commit))
        try await machine.untilReady()
        machine.signal(SIGTERM)
        #expect(try await machine.end() == 7)
    }

    @Test(
        "who is not root works where it may, and installs nothing",
        .enabled(if: geteuid() == 0 && setpriv != nil, "needs root and setpriv"),
        arguments: [true, false])
    func notRoot(hasGit: Bool) async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture, without: hasGit ? [] : ["git"])
        try fixture.writeProgram("touch \(fixture.path("called"))", to: "bin/apk")
        try fixture.write("", to: "home/.keep")
        try #require(chmod(fixture.root, 0o755) == 0)
        try await fixture.give(["home", "shop"], to: 65534)
        try await fixture.open(to: "bin", "shop")
        let machine = try FlyBootMachine(
            fixture,
            environment: ["PATH": fixture.path("bin"), "HOME": fixture.path("home")])
        try await fixture.open(to: "machine")
        let words = [
            try #require(Self.setpriv), "--reuid=65534", "--regid=65534", "--clear-groups",
        ]
        try machine.start(
            .test(fixture, commit: commit), idleTimeout: 1,
            variables: ["GIT_CONFIG_GLOBAL": "/dev/null"], through: words)
        #expect(try await machine.end() == (hasGit ? 0 : 111), "\(machine.tail)")
        #expect(!fixture.exists("called"))
        #expect(fixture.exists("home/.preview/markers"))
        #expect(!fixture.exists(machine.work))
    }

    private static let setpriv = Command.locate("setpriv", in: "/usr/bin:/bin")

    @Test(
        "an image like Alpine: nothing but busybox, musl's place taken by no library at all",
        .enabled(if: canEnterRoots, "needs root, unshare and a static busybox"))
    func alpine() async throws {
        let commit = try await fixture.makeRepository(
            "shop", ["index.html": "from a small image\n"])
        let machine = try FlyBootMachine(fixture, shell: .busybox)
        try await fixture.makeSmallRoot(git: try #require(Self.git))
        // The machine's own namespaces: its processes, its /proc, its root.
        let root = fixture.path("machine")
        let enter = """
            mount -t proc proc \(root)/proc && mount --bind /dev \(root)/dev &&
                exec /usr/sbin/chroot \(root) /bin/sh /preview/boot.sh
            """
        try machine.start(
            .test(fixture, commit: commit, start: "exec httpd -f -p $PORT").with {
                $0.fetchURL = "file:///srv/shop"
            }, idleTimeout: 1, variables: ["PATH": "/usr/bin:/bin", "HOME": "/root"],
            through: [
                "/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c",
                enter,
            ])
        #expect(try await machine.end() == 0)
        let events = try machine.events()
        #expect(events.contains(.ready(status: 200)), "\(machine.tail)")
        #expect(events.last == .stopped(.idle))
        #expect(
            try fixture.read("\(machine.work)/app/index.html") == "from a small image\n")
    }

    private static let canEnterRoots =
        geteuid() == 0 && KernelFile.exists("/usr/bin/unshare")
        && KernelFile.exists("/bin/busybox") && isStatic("/bin/busybox") && mayUnshare

    /// `ldd` fails for what needs no library.
    private static func isStatic(_ program: String) -> Bool { !succeeds("/usr/bin/ldd", program) }

    /// Containers may forbid it.
    private static let mayUnshare = succeeds(
        "/usr/bin/unshare", "--mount", "--pid", "--fork", "/bin/true")

    private static func succeeds(_ words: String...) -> Bool {
        let command = Command(words[0], Array(words.dropFirst()), environment: ["PATH": "/bin"])
        // Not being there is one of the reasons not to succeed.
        guard let child = try? command.start(.ownGroup) else { return false }
        var status: Int32 = 0
        while waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}

extension GitFixture {
    /// Lets everybody read.
    fileprivate func open(to names: String...) async throws {
        try await change(["/bin/chmod", "-R", "a+rX"], names)
    }

    /// Gives files to a user.
    fileprivate func give(_ names: [String], to user: Int) async throws {
        try await change(["/bin/chown", "-R", "\(user):\(user)"], names)
    }

    private func change(_ words: [String], _ names: [String]) async throws {
        let command = Command(
            words[0], words.dropFirst() + names.map(path), environment: environment)
        let result = try await command.run()
        try #require(result.ending.isSuccess, "\(result.errorText)")
    }

    /// Fills `machine` with the userland of busybox, git with its libraries, and the repository.
    fileprivate func makeSmallRoot(git: String) async throws {
        for name in ["proc", "dev", "tmp", "root", "etc", "usr/bin", "bin", "srv"] {
            try write("", to: "machine/\(name)/.keep")
        }
        let script = """
            set -e
            cp /bin/busybox bin/busybox
            for name in $(bin/busybox --list); do ln -s /bin/busybox "bin/$name" || true; done 2>/dev/null
            cp -L \(git) usr/bin/git
            for name in git-upload-pack git-receive-pack; do ln -sf git "usr/bin/$name"; done
            ldd \(git) | grep -o '/[^ ]*' | while read -r file; do
                mkdir -p ".${file%/*}"
                cp -L "$file" ".$file"
            done
            cp -r ../shop srv/shop
            """
        let result = try await Command(
            "/bin/sh", ["-c", script], environment: environment, directory: path("machine")
        ).run(timeout: .seconds(60))
        try #require(result.ending.isSuccess, "\(result.errorText)")
    }
}
