import Glibc
import PreviewCore
import Testing

@Suite("Disks and folders")
struct DiskTests {
    @Test("R-6: a full disk is exit 1, keeps the document, and names file and free space")
    func fullDisk() async throws {
        guard Allowed.check(Allowed.mounting, "R-6 (full disk)", needing: "root and mount") else {
            return
        }
        try await Sandbox.use { box in
            try box.makeSite()
            let disk = box.root + "/disk"
            try await box.shell(
                "mkdir -m 700 \(disk) && mount -t tmpfs -o size=64k,mode=700 none \(disk)")
            do {
                let first = try await box.preview("apply", "--step", "1", "--yes", "--state", disk)
                #expect(first.code == 0, "\(first)")
                // Fails with the disk full, as it should.
                try await box.shell("cat /dev/zero > \(disk)/fill 2>/dev/null || true")
                let before = try await box.shell("cat \(disk)/*/state.json")
                let full = try await box.preview("apply", "--yes", "--state", disk)
                #expect(full.code == 1 && full.errorCode == "PV0506", "\(full)")
                #expect(full.errors.contains(disk + "/shop-"), "the file is named: \(full)")
                #expect(full.errors.contains(" free"), "the free space is named: \(full)")
                #expect(try await box.shell("cat \(disk)/*/state.json") == before)
                let verified = try await box.preview("state", "verify", "--state", disk)
                #expect(verified.code == 0, "\(verified)")
                try await box.shell("rm \(disk)/fill")
                let again = try await box.preview(
                    "apply", "--through", "3", "--yes", "--state", disk)
                #expect(again.code == 0, "\(again)")
            } catch {
                try await box.shell("umount -l \(disk)")
                throw error
            }
            try await box.shell("umount -l \(disk)")
        }
    }

    @Test("R-6, R-25: on a read-only file system plan works and apply is exit 1 before any call")
    func readOnly() async throws {
        guard Allowed.check(Allowed.mounting, "R-6 (read-only)", needing: "root and mount") else {
            return
        }
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let project = box.project
            try await box.shell(
                "mount --bind \(project) \(project) && mount -o remount,bind,ro \(project)",
                in: box.root)
            do {
                for command in [["plan"], ["status"], ["list"], ["logs"], ["state", "verify"]] {
                    let outcome = try await box.run([Program.path] + command)
                    #expect(outcome.code == 0, "\(outcome)")
                }
                let apply = try await box.preview("apply", "--yes")
                #expect(apply.code == 1 && apply.errorCode == "PV0506", "\(apply)")
                #expect(apply.errors.contains("--state"), "the fix is named: \(apply)")
            } catch {
                try await box.shell("umount -l \(project)", in: box.root)
                throw error
            }
            try await box.shell("umount -l \(project)", in: box.root)
        }
    }

    @Test("R-24: files are 0600 and folders 0700 under umask 000")
    func modes() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.run(
                ["/bin/sh", "-c", "umask 000; exec \"$0\" apply --yes", Program.path])
            #expect(outcome.code == 0, "\(outcome)")
            _ = try await box.run(
                ["/bin/sh", "-c", "umask 000; exec \"$0\" plan --out ../plan.json", Program.path])
            // The checkout is the app's own; what it holds has the modes of the commit.
            let found = try await box.shell(
                "find .preview ../plan.json -path '*/checkout/*' -prune -o -printf '%y %m %p\\n'")
            for line in found.split(separator: "\n") {
                let wanted = line.hasPrefix("d") ? "d 700 " : "\(line.prefix(1)) 600 "
                #expect(line.hasPrefix(wanted), "\(line)")
            }
            #expect(box.text(".preview/.gitignore") == "*\n")
        }
    }

    @Test(
        "R-24: a symbolic link at any place of the record is refused and not followed",
        arguments: [".preview", "folder", "state.json", "lock", "supervisor"])
    func links(place: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--through", "2", "--yes")
            let record = try box.record()
            let target =
                switch place {
                case ".preview": ".preview"
                case "folder": record
                default: "\(record)/\(place)"
                }
            try await box.shell("mv \(target) ../elsewhere && ln -s ../elsewhere \(target)")
            if place != ".preview" {
                try await box.shell("rm \(target) && ln -s \(box.root)/elsewhere \(target)")
            }
            let before = try await box.shell(
                "find ../elsewhere -printf '%p %T@\\n'")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 7 && outcome.errorCode == "PV0508", "\(outcome)")
            #expect(
                try await box.shell(
                    "find ../elsewhere -printf '%p %T@\\n'") == before)
        }
    }

    @Test("R-24: a record of another user is refused")
    func foreignOwner() async throws {
        guard Allowed.check(Allowed.isRoot, "R-24 (foreign owner)", needing: "root") else { return }
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            try await box.shell("chown -R 12345 .preview")
            for command in [["apply", "--yes"], ["plan"], ["status"]] {
                let outcome = try await box.run([Program.path] + command)
                #expect(outcome.code == 7 && outcome.errorCode == "PV0508", "\(outcome)")
            }
        }
    }

    @Test("R-39: a long path works")
    func longPath() async throws {
        try await Sandbox.use { box in
            let deep = (0..<12).map { _ in String(repeating: "d", count: 60) }.joined(
                separator: "/")
            let folder = "\(box.project)/\(deep)"
            try box.write("\(folder)/index.html", "<h1>deep</h1>\n")
            try box.write("\(folder)/preview.yaml", Sandbox.configuration())
            let outcome = try await box.preview("apply", "--yes", in: folder)
            #expect(outcome.code == 0, "\(outcome)")
            let url = try #require(outcome.lines.last)
            #expect(try await box.shell("curl -sf '\(url)'") == "<h1>deep</h1>\n")
            let status = try await box.preview("status", "--live", "--json", in: folder)
            #expect(try status.json().at("machine.state")?.string == "running", "\(status)")
            let destroyed = try await box.preview("destroy", "--yes", in: folder)
            #expect(destroyed.code == 0, "\(destroyed)")
        }
    }

    @Test("a folder with spaces, quotes and letters of other scripts works")
    func oddPath() async throws {
        try await Sandbox.use { box in
            let folder = "\(box.project)/it's a \"shop\" für 日本"
            try box.write("\(folder)/index.html", "<h1>odd</h1>\n")
            try box.write("\(folder)/preview.yaml", Sandbox.configuration())
            let outcome = try await box.preview("apply", "--yes", in: folder)
            #expect(outcome.code == 0, "\(outcome)")
            let destroyed = try await box.preview("destroy", "--yes", in: folder)
            #expect(destroyed.code == 0, "\(destroyed)")
        }
    }
}
