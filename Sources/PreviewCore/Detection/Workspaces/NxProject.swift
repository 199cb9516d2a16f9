/// An application of Nx that has no `package.json` of its own: its targets say what it is (rules
/// section 7.2).
struct NxProject {
    let folder: Folder
    private let json: JSONValue
    private let file: String

    /// `nil` when the folder is no project of Nx.
    init?(_ folder: Folder) {
        self.folder = folder
        if let file = folder.file("project.json"), let json = folder.json("project.json") {
            (self.file, self.json) = (file, json)
            return
        }
        for place in folder.ancestors {
            guard let file = place.file("workspace.json"),
                let projects = place.json("workspace.json")?["projects"]?.object
            else { continue }
            let inside =
                place.isRoot ? folder.path : String(folder.path.dropFirst(place.path.count + 1))
            guard let entry = projects.members.first(where: { $0.value["root"]?.string == inside })
            else { continue }
            self.file = file
            var object = entry.value.object ?? JSONObject()
            if object["name"] == nil { object["name"] = .string(entry.name) }
            json = .object(object)
            return
        }
        return nil
    }

    var name: String { json["name"]?.string ?? folder.name }

    private var targets: JSONValue? { json["targets"] ?? json["architect"] }

    private func executor(_ target: String) -> String? {
        targets?[target]?["executor"]?.string ?? targets?[target]?["builder"]?.string
    }

    /// Frameworks by what the executor of the build begins with, and the port of its server.
    private static let executors: [(prefix: String, id: String, port: Int?)] = [
        ("@nx/next:", "next", 4200), ("@nrwl/next:", "next", 4200),
        ("@nxtensions/astro:", "astro", 3000), ("@angular-devkit/build-angular:", "angular", 4200),
        ("@angular/build:", "angular", 4200), ("@nx/angular:", "angular", 4200),
        ("@nrwl/angular:", "angular", 4200), ("@nx/vite:", "vite", 4200),
        ("@nrwl/vite:", "vite", 4200), ("@nx-plus/vue:", "vue-cli", 8000),
        ("@nx/remix:", "remix", nil), ("@nx/nuxt:", "nuxt", nil), ("@nx/expo:", "expo", nil),
    ]
    private static let plain = [
        "@nx/js:", "@nx/node:", "@nx/webpack:", "@nx/esbuild:", "@nx/web:", "@nrwl/node:",
        "@nrwl/js:", "@nrwl/webpack:", "@nrwl/web:", "@nrwl/esbuild:",
    ]

    /// What its targets and its own configuration files show.
    func describe() -> Draft {
        let package = NodePackage(folder: folder, file: file, json: .object(JSONObject()))
        var draft = Node(folder, package: package).describe()
        let build = executor("build") ?? ""
        if let found = Self.executors.first(where: { build.hasPrefix($0.prefix) }),
            let entry = folder.survey.catalogue[found.id]
        {
            draft.detection.evidence.removeAll { $0.field == .projectType || $0.field == .port }
            draft.adopt(entry, sign: .init(file: file, reason: "built by \(build)"))
            if let port = found.port {
                draft.setPort(port, file, "\(port) is what Nx serves it on")
            }
        } else if Self.plain.contains(where: build.hasPrefix), draft.detection.framework == nil {
            draft.note(.projectType, file, "built by \(build)")
        }
        describeCommands(&draft, build)
        draft.detection.kind = json["projectType"]?.string == "library" ? .library : .app
        return draft
    }

    private func describeCommands(_ draft: inout Draft, _ build: String) {
        let package = NodePackage(folder: folder, file: file, json: .object(JSONObject()))
        let manager = NodePackageManagerRules(folder: folder, package: package).find()
        if targets?["build"] != nil {
            draft.set(\.build, manager.execute("nx build \(name)"), file, "target build")
        }
        for target in ["serve", "dev"] where targets?[target] != nil {
            draft.set(\.dev, manager.execute("nx \(target) \(name)"), file, "target \(target)")
            break
        }
        if let port = Ports.valid(targets?["serve"]?["options"]?["port"]) {
            draft.setPort(port, file, "target serve says \(port)")
        }
        let isServer =
            draft.detection.projectType == "node" || draft.detection.projectType == "nestjs"
        let output = self.output
        draft.setOutput(output, file, "where target build puts it")
        if isServer || draft.detection.projectType == "express" {
            draft.set(\.start, "node \(output)/main.js", file, "what target build makes")
            draft.detection.isStatic = false
        } else if draft.detection.projectType == "next" {
            draft.set(\.start, manager.execute("nx start \(name)"), file, "how Nx starts Next.js")
        } else {
            draft.set(\.start, nil, nil, "")
        }
    }

    /// The first of the build's outputs with its placeholders filled in, else `dist/<path>`.
    private var output: String {
        let build = targets?["build"]
        let path = build?["options"]?["outputPath"]
        let option = path?.string ?? path?["base"]?.string
        let first = build?["outputs"]?.array?.first?.string
        let filled = first?.replacing("{workspaceRoot}/", with: "")
            .replacing("{projectRoot}", with: folder.path)
            .replacing("{projectName}", with: name)
            .replacing("{options.outputPath}", with: option ?? "dist/\(folder.path)")
        guard let filled, !filled.contains("{") else { return option ?? "dist/\(folder.path)" }
        return filled
    }
}
