// swift-tools-version: 6.2
import PackageDescription

// The Debian packages behind the system libraries are named in one place, the Makefile.
let package = Package(
    name: "preview",
    products: [
        .executable(name: "preview", targets: ["preview"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1"),
        // Without pkgConfig, which would link it: it is loaded at its first use.
        .systemLibrary(name: "CCurl"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto"),
        .target(name: "CPreviewSystem"),
        .target(name: "CTOMLPlusPlus"),
        .target(
            name: "PreviewData",
            resources: [
                .embedInCode("frameworks.json"), .embedInCode("preview.schema.json"),
                .embedInCode("state.schema.json"), .embedInCode("plan.schema.json"),
                .embedInCode("event.schema.json"),
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
                "CCurl", "CPreviewSystem",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(name: "PreviewAdapters", dependencies: ["PreviewCore", "PreviewSystem"]),
        .executableTarget(
            name: "preview",
            dependencies: [
                "PreviewData", "PreviewCore", "PreviewSystem", "PreviewAdapters",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "PreviewTestSupport",
            dependencies: ["PreviewCore", "PreviewSystem", "PreviewAdapters"]
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
            dependencies: ["PreviewCore", "PreviewSystem", "PreviewAdapters", "PreviewTestSupport"]
        ),
        .testTarget(
            name: "PreviewCommandTests",
            dependencies: ["PreviewCore", "PreviewSystem", "PreviewTestSupport", "preview"]
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
let targetsInC: Set = ["CPreviewSystem", "CTOMLPlusPlus"]
for target in package.targets where target.type != .system && !targetsInC.contains(target.name) {
    target.swiftSettings = strict
}
