/// The data files that are compiled into the program, so that the binary stands alone.
package enum PreviewData {
    /// The catalogue of frameworks, as JSON (its own `about` explains the fields).
    package static var frameworks: [UInt8] { PackageResources.frameworks_json }
}
