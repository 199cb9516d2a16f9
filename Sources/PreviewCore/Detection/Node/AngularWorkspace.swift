/// What `angular.json` says of the first application.
struct AngularWorkspace {
    private(set) var file: String?
    /// The folder that everything is built into.
    private(set) var base: String?
    private(set) var outputDirectory: String?
    private(set) var rendersOnServer = false
    private(set) var port: Int?

    init(_ folder: Folder, package: NodePackage) {
        file = folder.file("angular.json")
        let json = folder.json("angular.json")
        let project = json.flatMap(Self.project)
        guard let (name, value) = project else {
            guess(folder, package: package)
            return
        }
        let targets = value["architect"] ?? value["targets"]
        let build = targets?["build"]
        let options = build?["options"]
        let path = options?["outputPath"]
        let builder = build?["builder"]?.string ?? build?["executor"]?.string ?? ""
        let isApplication = builder.hasSuffix(":application") || options?["browser"] != nil
        base = path?.string ?? path?["base"]?.string ?? "dist/\(name)"
        let browser = path?["browser"]?.string ?? (isApplication ? "browser" : "")
        outputDirectory = base.map { RelativePath.join($0, browser) }
        port = Ports.valid(targets?["serve"]?["options"]?["port"])
        let renders = options?["ssr"].map { $0.bool ?? true } ?? false
        rendersOnServer =
            isApplication && (options?["outputMode"]?.string == "server" || renders)
    }

    /// The default project, else the first application.
    private static func project(_ json: JSONValue) -> (String, JSONValue)? {
        let projects = json["projects"]?.object?.members ?? []
        if let name = json["defaultProject"]?.string,
            let found = projects.first(where: { $0.name == name })
        {
            return (found.name, found.value)
        }
        let first =
            projects.first { $0.value["projectType"]?.string != "library" } ?? projects.first
        return first.map { ($0.name, $0.value) }
    }

    /// Without `angular.json`: the old configuration, or the convention of the version.
    private mutating func guess(_ folder: Folder, package: NodePackage) {
        if let old = folder.json(".angular-cli.json") {
            file = folder.file(".angular-cli.json")
            outputDirectory = old["apps"]?.array?.first?["outDir"]?.string ?? "dist"
            return
        }
        file = package.file
        guard let name = package.name.map(RelativePath.name), !name.isEmpty else {
            outputDirectory = "dist"
            return
        }
        let isOld = package.isBelow("@angular/core", 17)
        outputDirectory = isOld ? "dist/\(name)" : "dist/\(name)/browser"
    }
}
