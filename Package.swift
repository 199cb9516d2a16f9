// swift-tools-version: 6.2
import PackageDescription

// The Debian packages behind the system libraries are named in one place, the Makefile.
let package = Package(
    name: "preview",
    products: [
        .executable(name: "preview", targets: ["preview"]),
        .executable(name: "preview-server", targets: ["preview-server"]),
        .executable(name: "preview-flysim", targets: ["preview-flysim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        // What the fronts of Hummingbird's server speak in; the versions are its choice.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1"),
        // Without pkgConfig, which would link it: it is loaded at its first use.
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
        .target(name: "CPreviewSystem"),
        // libpq is loaded at its first use; neither the library nor its headers are needed to build.
        .target(name: "CPostgres", dependencies: ["CPreviewSystem"]),
        .target(name: "CTOMLPlusPlus"),
        .target(
            name: "PreviewData",
            resources: [
                .embedInCode("frameworks.json"), .embedInCode("preview.schema.json"),
                .embedInCode("state.schema.json"), .embedInCode("plan.schema.json"),
                .embedInCode("event.schema.json"), .embedInCode("fly-boot.sh"),
                .embedInCode("fly-static.py"), .embedInCode("fly-regions.json"),
                .embedInCode("fly-presets.json"), .embedInCode("fly-pricing.json"),
            ]
        ),
        .target(
            name: "PreviewCore",
            dependencies: ["CLibYAML", "CCrypto", "CTOMLPlusPlus", "PreviewData"],
            exclude: ["PreviewCore.docc"]
        ),
        .target(
            name: "PreviewSystem",
            dependencies: [
                "CCurl", "CPreviewSystem", "CPostgres",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(
            name: "PreviewAdapters",
            dependencies: ["PreviewData", "PreviewCore", "PreviewSystem"]
        ),
        .executableTarget(
            name: "preview",
            dependencies: [
                "PreviewData", "PreviewCore", "PreviewSystem", "PreviewAdapters",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "PreviewServer",
            dependencies: [
                "PreviewCore",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("openapi.json"), .embedInCode("Page")]
        ),
        .executableTarget(
            name: "preview-server",
            dependencies: [
                "PreviewServer", "PreviewCore", "PreviewSystem", "PreviewAdapters",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "PreviewTestSupport",
            dependencies: ["PreviewCore", "PreviewSystem", "PreviewAdapters"]
        ),
        .target(
            name: "FlySimulator",
            dependencies: [
                "PreviewCore", "PreviewSystem",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .executableTarget(
            name: "preview-flysim",
            dependencies: [
                "FlySimulator", "PreviewSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(
            name: "PreviewCoreTests",
            dependencies: ["PreviewCore", "PreviewSystem", "PreviewTestSupport"]
        ),
        .testTarget(
            name: "PreviewSystemTests",
            dependencies: ["PreviewSystem", "PreviewTestSupport"]
        ),
        .testTarget(
            name: "PreviewAdaptersTests",
            dependencies: [
                "PreviewData", "PreviewCore", "PreviewSystem", "PreviewAdapters",
                "PreviewTestSupport", "FlySimulator",
            ]
        ),
        .testTarget(
            name: "PreviewStoresTests",
            dependencies: [
                "PreviewCore", "PreviewSystem", "PreviewAdapters", "PreviewTestSupport",
            ]
        ),
        .testTarget(
            name: "PreviewCommandTests",
            dependencies: [
                "PreviewCore", "PreviewSystem", "PreviewTestSupport", "FlySimulator", "preview",
                "preview-server",
            ]
        ),
        .testTarget(
            name: "FlySimulatorTests",
            dependencies: ["FlySimulator", "PreviewCore", "PreviewSystem", "PreviewAdapters"]
        ),
        .testTarget(name: "TidyTests", dependencies: ["PreviewCore", "PreviewSystem"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11,
    cxxLanguageStandard: .cxx17
)

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
let targetsInC: Set = ["CPreviewSystem", "CPostgres", "CTOMLPlusPlus"]
for target in package.targets where target.type != .system && !targetsInC.contains(target.name) {
    target.swiftSettings = strict
}
