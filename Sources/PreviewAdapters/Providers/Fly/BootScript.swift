import FoundationEssentials
package import PreviewCore
import PreviewData

/// The script that boots a commit on a machine of Fly and looks after the app: what a machine's
/// config needs to run it. Pure.
///
/// Its values travel in the environment alone. None of these variables is seen by the app, and a
/// person's own variable of the same name gives way.
package enum BootScript {
    /// Where the script is on the machine.
    package static let path = "/preview/boot.sh"

    /// For `init.exec`.
    package static let command = ["/bin/sh", path]

    /// For `files` (fly/machines-api section 6.3): the script, and the server of static sites.
    package static var files: [JSONValue] {
        [
            file(path, PreviewData.flyBoot, mode: 0o755),
            file("/preview/static.py", PreviewData.flyStatic, mode: 0o644),
        ]
    }

    /// Name of the app secret with the token for a private repository; absent for a public one. The
    /// token is given to git alone, and only for the host of ``variables(for:key:)``.
    package static let tokenSecret = "PREVIEW_BOOT_TOKEN"

    /// The least time, in seconds, that `stop_config` must leave to the script: it gives the app eight
    /// seconds to end before it kills it.
    package static let stopTimeout = 10

    /// What ends the machine by itself (step 3): the idle time and the end of life. The script ends
    /// with 0 then, so that with the restart policy `on-failure` the machine rests stopped.
    ///
    /// `checkInterval`: seconds between two health checks of the platform, whose connections are no
    /// traffic; `nil` where there are none.
    package static func variables(
        for lifecycle: Config.Lifecycle, expiresAt: Timestamp?, checkInterval: Int?
    ) -> [String: String] {
        named([
            .idleTimeout: lifecycle.idleTimeout.map(String.init),
            .expires: expiresAt.map { String($0.seconds) },
            .checkInterval: checkInterval.map(String.init),
        ])
    }

    /// Names of the variables of ``variables(for:expiresAt:checkInterval:)``, for whoever changes a
    /// release and leaves the settings as they are.
    package static let lifecycleNames = [Name.idleTimeout, .expires, .checkInterval].map(\.rawValue)

    /// What is to be booted (step 4). `PORT`, `HOST` and the release's own variables are the
    /// provider's to add.
    ///
    /// `key`: of the attempt; the markers carry it. `staysAfterFailure`: whether the machine stays
    /// after a failed boot, to be looked at by `exec`: until its end of life, and no longer than an
    /// idle app.
    package static func variables(
        for release: Release, key: String, staysAfterFailure: Bool = false
    ) -> [String: String] {
        named([
            .key: key,
            .release: digest(of: release),
            .repository: release.fetchURL,
            .tokenHost: tokenHost(of: release.fetchURL),
            .branch: release.branch,
            .commit: release.commit,
            .path: release.path,
            .runtime: release.platform.runtime,
            .install: release.install,
            .build: release.build,
            .start: release.start,
            .staticRoot: release.start == nil ? release.staticRoot : nil,
            .healthPath: release.health.path,
            .healthTimeout: String(release.health.timeout),
            .cloneTimeout: String(release.timeouts.clone),
            .installTimeout: String(release.timeouts.install),
            .buildTimeout: String(release.timeouts.build),
            .startTimeout: String(release.timeouts.start),
            .keep: staysAfterFailure ? "1" : nil,
        ])
    }

    /// The names of the variables.
    package enum Name: String, CaseIterable, Sendable {
        /// Carried by the markers.
        case key = "PREVIEW_BOOT_KEY"
        /// Digest of everything a checkout and a build depend on.
        case release = "PREVIEW_BOOT_RELEASE"
        /// What git is given, and the host (with its port) that may have the token.
        case repository = "PREVIEW_BOOT_REPOSITORY"
        case tokenHost = "PREVIEW_BOOT_TOKEN_HOST"
        case branch = "PREVIEW_BOOT_BRANCH"
        case commit = "PREVIEW_BOOT_COMMIT"
        /// The app's folder, relative to the repository's.
        case path = "PREVIEW_BOOT_PATH"
        /// `python` gets a virtual environment.
        case runtime = "PREVIEW_BOOT_RUNTIME"
        /// Shell lines; absent for none.
        case install = "PREVIEW_BOOT_INSTALL"
        case build = "PREVIEW_BOOT_BUILD"
        case start = "PREVIEW_BOOT_START"
        /// The folder to serve where there is nothing to start, relative to the app's.
        case staticRoot = "PREVIEW_BOOT_STATIC"
        /// What the app is asked for until it answers.
        case healthPath = "PREVIEW_BOOT_HEALTH_PATH"
        /// Limits in seconds.
        case healthTimeout = "PREVIEW_BOOT_HEALTH_TIMEOUT"
        case cloneTimeout = "PREVIEW_BOOT_CLONE_TIMEOUT"
        case installTimeout = "PREVIEW_BOOT_INSTALL_TIMEOUT"
        case buildTimeout = "PREVIEW_BOOT_BUILD_TIMEOUT"
        case startTimeout = "PREVIEW_BOOT_START_TIMEOUT"
        /// Seconds without a connection; absent for never.
        case idleTimeout = "PREVIEW_BOOT_IDLE_TIMEOUT"
        /// End of life as Unix time in seconds; absent for never.
        case expires = "PREVIEW_BOOT_EXPIRES"
        /// Seconds between two health checks of the platform; absent for none.
        case checkInterval = "PREVIEW_BOOT_CHECK_INTERVAL"
        /// Anything: stay after a failed boot.
        case keep = "PREVIEW_BOOT_KEEP"
        /// Where to work, in place of the first of several folders that can be written to.
        case work = "PREVIEW_BOOT_WORK"
    }

    /// For `exec` on a running machine: moves its end of life, `nil` for never. It holds on this root
    /// filesystem until the variable is changed.
    package static func extend(to expiresAt: Timestamp?) -> [String] {
        command + ["extend", expiresAt.map { String($0.seconds) } ?? "never"]
    }

    /// For `exec` on a running machine: prints the markers of its last boot, for when the logs are
    /// late.
    package static let markers = command + ["markers"]

    /// The phase whose failure the script's exit code tells, for when the logs are lost.
    package static func phase(failedWith exitCode: Int) -> BootPhase? {
        BootPhase.allCases.first { 110 + $0.number == exitCode }
    }

    private static func named(_ values: [Name: String?]) -> [String: String] {
        values.reduce(into: [:]) { result, value in
            if let text = value.value, !text.isEmpty { result[value.key.rawValue] = text }
        }
    }

    private static func file(_ path: String, _ bytes: [UInt8], mode: Int) -> JSONValue {
        [
            "guest_path": .string(path), "mode": .int(mode),
            "raw_value": .string(Data(bytes).base64EncodedString()),
        ]
    }

    /// Where two releases have the same, the one's checkout and build are the other's.
    private static func digest(of release: Release) -> String {
        let parts: JSONValue = [
            "repository": .string(release.fetchURL), "commit": .string(release.commit),
            "path": .string(release.path), "install": JSONValue(release.install),
            "build": JSONValue(release.build), "runtime": JSONValue(release.platform.runtime),
            "settings": .string(release.settingsRevision),
        ]
        return Digest.hex(JSONWriter.canonical(parts))
    }

    /// A token is never sent unencrypted.
    private static func tokenHost(of fetchURL: String) -> String? {
        // What does not parse as an address is a folder, which has no host.
        guard let remote = try? RepositoryReference.parse(fetchURL).remote, remote.scheme == .https
        else { return nil }
        return remote.host + (remote.port.map { ":\($0)" } ?? "")
    }
}
