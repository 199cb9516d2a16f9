import FoundationEssentials
import PreviewAdapters
import PreviewCore
import PreviewData
import Testing

@Suite("What a machine is told for its boot")
struct BootScriptTests {
    private func release(_ url: String = "https://github.com/acme/shop.git") -> Release {
        Release(
            fetchURL: url, branch: "main", commit: String(repeating: "ab", count: 20), path: "web",
            install: "npm ci", build: nil, start: "npm start", staticRoot: "dist",
            platform: Platform(runtime: "node"), port: 3000, previewVariables: ["PREVIEW": "true"],
            settingsRevision: "r1", health: .init(), timeouts: .init())
    }

    @Test("a release as variables; what is not there has none")
    func variables() {
        var variables = BootScript.variables(for: release(), key: "k3v")
        let digest = variables.removeValue(forKey: "PREVIEW_BOOT_RELEASE")
        #expect(digest?.count == 64)
        #expect(
            variables == [
                "PREVIEW_BOOT_KEY": "k3v",
                "PREVIEW_BOOT_REPOSITORY": "https://github.com/acme/shop.git",
                "PREVIEW_BOOT_TOKEN_HOST": "github.com", "PREVIEW_BOOT_BRANCH": "main",
                "PREVIEW_BOOT_COMMIT": String(repeating: "ab", count: 20),
                "PREVIEW_BOOT_PATH": "web", "PREVIEW_BOOT_RUNTIME": "node",
                "PREVIEW_BOOT_INSTALL": "npm ci", "PREVIEW_BOOT_START": "npm start",
                "PREVIEW_BOOT_HEALTH_PATH": "/", "PREVIEW_BOOT_HEALTH_TIMEOUT": "120",
                "PREVIEW_BOOT_CLONE_TIMEOUT": "120", "PREVIEW_BOOT_INSTALL_TIMEOUT": "600",
                "PREVIEW_BOOT_BUILD_TIMEOUT": "900", "PREVIEW_BOOT_START_TIMEOUT": "120",
            ])
    }

    @Test("the end of the machine as variables, which a change of the release leaves alone")
    func lifecycle() {
        var lifecycle = Config.Lifecycle()
        lifecycle.idleTimeout = 3600
        let variables = BootScript.variables(
            for: lifecycle, expiresAt: Timestamp(seconds: 1_800_000_000), checkInterval: 15)
        #expect(
            variables == [
                "PREVIEW_BOOT_IDLE_TIMEOUT": "3600", "PREVIEW_BOOT_EXPIRES": "1800000000",
                "PREVIEW_BOOT_CHECK_INTERVAL": "15",
            ])
        #expect(Set(BootScript.lifecycleNames) == Set(variables.keys))
        lifecycle.idleTimeout = nil
        #expect(
            BootScript.variables(for: lifecycle, expiresAt: nil, checkInterval: nil).isEmpty)
    }

    @Test(
        "a token is for an https host alone, with its port",
        arguments: [
            ("https://github.com/acme/shop", "github.com"),
            ("https://git.example.org:8443/acme/shop", "git.example.org:8443"),
            ("git@github.com:acme/shop.git", nil), ("ssh://git@example.org/acme/shop", nil),
            ("git://example.org/acme/shop", nil), ("/srv/shop", nil), ("file:///srv/shop", nil),
        ] as [(String, String?)])
    func tokenHost(url: String, host: String?) {
        let variables = BootScript.variables(for: release(url), key: "k")
        #expect(variables[BootScript.Name.tokenHost.rawValue] == host)
        #expect(variables[BootScript.tokenSecret] == nil)
    }

    @Test("a checkout serves another release only where it would be the same")
    func digest() {
        func digest(_ change: (inout Release) -> Void) -> String? {
            var release = release()
            change(&release)
            return BootScript.variables(for: release, key: "k")["PREVIEW_BOOT_RELEASE"]
        }
        let same = digest { _ in }
        #expect(digest { $0.start = "npm run serve" } == same)
        #expect(digest { $0.health.path = "/up" } == same)
        let changes: [(inout Release) -> Void] = [
            { $0.commit = String(repeating: "cd", count: 20) }, { $0.install = "npm install" },
            { $0.build = "npm run build" }, { $0.path = "api" }, { $0.settingsRevision = "r2" },
            { $0.platform.runtime = "python" }, { $0.fetchURL += "x" },
        ]
        for change in changes { #expect(digest(change) != same) }
    }

    @Test("the script knows every variable, and no other")
    func names() throws {
        let script = String(decoding: PreviewData.flyBoot, as: UTF8.self)
        let found = script.split { !($0.isUppercase || $0.isNumber || $0 == "_") }
            .filter { $0.hasPrefix("PREVIEW_BOOT_") }.map(String.init)
        let known = Set(BootScript.Name.allCases.map(\.rawValue)).union([BootScript.tokenSecret])
        #expect(Set(found) == known.union(["PREVIEW_BOOT_HANDED"]))
    }

    @Test("the script knows every reason, and no other")
    func reasons() {
        let script = String(decoding: PreviewData.flyBoot, as: UTF8.self)
        for reason in BootTrouble.Reason.allCases {
            let isThere = [" ", "="].contains { script.contains("\($0)\(reason.rawValue)") }
            #expect(isThere, "\(reason)")
        }
        let failing = script.split(separator: "boot_fail ").dropFirst().compactMap { rest in
            rest.split { !($0.isLetter || $0 == "-") }.first.map(String.init)
        }
        for word in failing where word.contains("-") || word == "environment" {
            #expect(BootTrouble.Reason(rawValue: word) != nil, "\(word)")
        }
    }

    @Test("files, command and exit codes")
    func parts() throws {
        #expect(BootScript.command == ["/bin/sh", "/preview/boot.sh"])
        let files = BootScript.files
        #expect(files.map { $0["guest_path"] } == ["/preview/boot.sh", "/preview/static.py"])
        let bytes = try #require(Data(base64Encoded: files[0]["raw_value"]?.string ?? ""))
        #expect(Array(bytes) == PreviewData.flyBoot)
        // "Keep all files together under about 100 KB" (fly/machines-api section 6.3).
        #expect(JSONWriter.line(.array(files)).count < 60_000)
        #expect(BootScript.phase(failedWith: 111) == .clone)
        #expect(BootScript.phase(failedWith: 115) == .probe)
        #expect(BootScript.phase(failedWith: 0) == nil && BootScript.phase(failedWith: 137) == nil)
        #expect(
            BootScript.extend(to: Timestamp(seconds: 12)).suffix(2) == ["extend", "12"])
        #expect(BootScript.extend(to: nil).last == "never")
        #expect(BootScript.markers.last == "markers")
    }
}
