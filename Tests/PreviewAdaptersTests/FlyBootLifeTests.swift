import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// How long a machine lives, and what it does when it starts again.
@Suite("The life of a booted machine", .serialized)
struct FlyBootLifeTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    // MARK: - End of life

    @Test("an expired machine does nothing, and rests")
    func expired() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit), variables: [BootScript.Name.expires.rawValue: "1000"])
        #expect(try await machine.end() == 0)
        #expect(try machine.lines().count == 1)
        #expect(try machine.events() == [.stopped(.expired)])
    }

    @Test(
        "the end of life comes at its time, also to a build, and can be moved",
        arguments: [false, true])
    func endOfLife(isBuilding: Bool) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        let end = Int(time(nil)) + (isBuilding ? 3 : 600)
        let release = Release.test(fixture, commit: commit).with {
            if isBuilding { $0.build = "sleep 600" }
        }
        try machine.start(
            release, variables: [BootScript.Name.expires.rawValue: String(end)])
        if !isBuilding {
            try await machine.untilReady()
            try await machine.run(BootScript.extend(to: Timestamp(seconds: Int(time(nil)) + 1)))
        }
        #expect(try await machine.end() == 0)
        #expect(try machine.events().contains(.stopped(.expired)))
        try await machine.untilEmpty()
    }

    @Test("a moved end of life holds for the next start, until the environment says another")
    func extended() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        let given = [BootScript.Name.expires.rawValue: String(Int(time(nil)) + 600)]
        try machine.start(.test(fixture, commit: commit), variables: given)
        try await machine.untilReady()
        try await machine.run(BootScript.extend(to: Timestamp(seconds: 1000)))
        #expect(try await machine.end() == 0)
        try machine.start(.test(fixture, commit: commit), variables: given)
        #expect(try await machine.end() == 0)
        #expect(try machine.events().count { $0 == .stopped(.expired) } == 2)
        #expect(try machine.events().last == .stopped(.expired))
        try machine.start(.test(fixture, commit: commit), idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.events().contains(.stopped(.idle)))
    }

    // MARK: - Again

    @Test(
        "a machine that starts again with its filesystem does not clone, install and build again",
        arguments: FlyBootMachine.Shell.available)
    func again(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, shell: shell)
        let release = Release.test(fixture, commit: commit).with {
            $0.install = "echo installing"
            $0.build = "echo building"
        }
        try machine.start(release)
        try await machine.untilReady()
        try await machine.untilSealed()
        machine.signal(SIGTERM)
        try await machine.end()
        // Nothing can be fetched now.
        try Folder.open(fixture.root).removeTree("shop")
        try machine.start(release, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.output().count { $0 == "installing" || $0 == "building" } == 2)
        let phases = try machine.phases().suffix(5)
        #expect(phases.map(\.name) == BootPhase.allCases)
        #expect(phases.map(\.skipped) == [true, true, true, false, false])
        #expect(try machine.events().contains(.restarted))
    }

    @Test("another commit, command or setting is booted anew, and what is ignored stays")
    func changed() async throws {
        let first = try await fixture.makeShop([".gitignore": "node_modules\n"])
        let machine = try FlyBootMachine(fixture)
        let release = Release.test(fixture, commit: first).with {
            $0.install =
                "test ! -e stray || exit 4; ls node_modules/dep; mkdir -p node_modules; touch stray node_modules/dep"
        }
        try await machine.boot(release)
        let second = try await fixture.commit(["new": ""], "Second", in: "shop")
        for changed in [
            release.with { $0.commit = second }, release.with { $0.build = "true" },
            release.with { $0.settingsRevision = "r2" },
        ] {
            try await machine.boot(changed)
            #expect(try machine.phases().suffix(5).first { $0.name == .install }?.skipped == false)
        }
        #expect(try machine.output().count { $0 == "node_modules/dep" } == 3)
    }

    @Test(
        "a boot that was cut off in the middle is not taken for a whole one",
        arguments: [BootPhase.install, .build])
    func cutOff(phase: BootPhase) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        let wait = "echo waiting; test -e \(fixture.path("go")) || sleep 600"
        let release = Release.test(fixture, commit: commit).with {
            $0.install = phase == .install ? wait : "true"
            $0.build = phase == .build ? wait : "echo built"
        }
        try machine.start(release)
        try await machine.untilPrinted("waiting")
        try await machine.crash()
        try fixture.write("", to: "go")
        try machine.start(release, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.phases().suffix(5).allSatisfy { !$0.skipped })
    }

    @Test("a clone that was cut off is not taken for a whole one")
    func cutOffClone() async throws {
        let commit = try await fixture.makeShop()
        try FlyBootMachine.makeBin(fixture, without: ["git"])
        // Killed when the objects are there and the files are not.
        try fixture.writeProgram(
            """
            for word; do
                test "$word" != checkout || test -e "\(fixture.path("go"))" || {
                    echo half >app.py
                    kill -9 $PPID
                    exec sleep 600
                }
            done
            exec \(Command.locate("git", in: "/usr/bin:/bin") ?? "") "$@"
            """, to: "bin/git")
        let machine = try FlyBootMachine(fixture, environment: ["PATH": fixture.path("bin")])
        let release = Release.test(fixture, commit: commit)
        try machine.start(release)
        #expect(try await machine.end() == 128 + SIGKILL)
        try await machine.crash()
        for file in ["index.lock", "shallow.lock"] {
            try fixture.write("", to: "\(machine.work)/app/.git/\(file)")
        }
        try fixture.write("half", to: "\(machine.work)/app/app.py")
        try fixture.write("", to: "go")
        try machine.start(release, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.phases().first { $0.name == .clone }?.skipped == false)
    }

    @Test("a checkout that is damaged is cloned again")
    func damaged() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try fixture.write("ref: nowhere\0", to: "\(machine.work)/app/.git/HEAD")
        try fixture.write("junk", to: "\(machine.work)/app/.git/objects")
        try machine.start(.test(fixture, commit: commit), idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.output().contains { $0.contains("cloning again") })
    }

    @Test("the markers of a boot can be had beside the log")
    func markers() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(.test(fixture, commit: commit))
        try await machine.untilReady()
        let text = try await machine.run(BootScript.markers)
        let wanted = try machine.lines().filter { $0.hasPrefix("::preview:") }
        #expect(text.split(separator: "\n").map(String.init) == wanted)
    }
}
