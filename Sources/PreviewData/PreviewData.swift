/// The data files that are compiled into the program, so that the binary stands alone.
package enum PreviewData {
    /// The catalogue of frameworks, as JSON (its own `about` explains the fields).
    package static var frameworks: [UInt8] { PackageResources.frameworks_json }
    /// The JSON Schema of `preview.yaml`; the file is that of the `schema` folder.
    package static var configSchema: [UInt8] { PackageResources.preview_schema_json }
    /// The JSON Schema of the record, likewise.
    package static var stateSchema: [UInt8] { PackageResources.state_schema_json }
    /// The JSON Schema of a plan, likewise.
    package static var planSchema: [UInt8] { PackageResources.plan_schema_json }
    /// The JSON Schema of a line of the event log, likewise.
    package static var eventSchema: [UInt8] { PackageResources.event_schema_json }
    /// The script that boots a commit on a machine of Fly, in POSIX sh.
    package static var flyBoot: [UInt8] { PackageResources.fly_boot_sh }
    /// The server of static sites there, in Python.
    package static var flyStatic: [UInt8] { PackageResources.fly_static_py }
    /// The regions of Fly.io, as JSON (its own `source` says where it comes from).
    package static var flyRegions: [UInt8] { PackageResources.fly_regions_json }
    /// The sizes of Fly.io's machines, likewise.
    package static var flySizes: [UInt8] { PackageResources.fly_presets_json }
    /// The prices of Fly.io, likewise.
    package static var flyPrices: [UInt8] { PackageResources.fly_pricing_json }
}
