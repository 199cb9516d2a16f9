import PreviewSystem

/// The browser of whoever sits at this machine.
package enum Browser {
    /// Opens a URL; `nil` where there is no screen or no browser to open it with, else whether it
    /// could be opened.
    package static func open(_ url: String, in surroundings: Surroundings) async throws -> Bool? {
        let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { surroundings.value($0) != nil }
        let opener = surroundings.value("BROWSER") ?? "xdg-open"
        guard hasDisplay || surroundings.value("BROWSER") != nil,
            let program = Command.locate(opener, in: surroundings.value("PATH") ?? "")
        else { return nil }
        return try await Command(program, [url], environment: surroundings.environment)
            .run(timeout: .seconds(20)).ending.isSuccess
    }
}
