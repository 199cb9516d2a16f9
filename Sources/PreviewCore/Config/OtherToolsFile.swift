/// Files of other tools that look like ours. They are recognised by name, explained, and never read
/// as `preview.yaml` (SPEC section 2).
package enum OtherToolsFile {
    /// Where to look, relative to the folder in which `preview.yaml` was expected.
    package static let paths = [".preview.yaml", ".previewctl/preview.yml", "preview-config.yml"]

    /// Says what a file is, if its path ends like one of ``paths``.
    ///
    /// - Returns: the failure to report when such a file is there in place of `preview.yaml`, or was
    ///   named by the user; `nil` for any other file.
    package static func explanation(of path: String) -> Failure? {
        guard paths.contains(where: { path == $0 || path.hasSuffix("/" + $0) }) else { return nil }
        return Failure(
            .otherToolsFile,
            .invalidConfig,
            "\(DisplayText.quoted(path)) belongs to another preview tool and is not read",
            fix: "keep it for that tool; `preview init` writes a `preview.yaml` of its own",
            retry: "preview init"
        )
    }
}
