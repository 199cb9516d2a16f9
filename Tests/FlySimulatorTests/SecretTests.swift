import FlySimulator
import PreviewCore
import Testing

@Suite("Secrets (reference, section 7)")
struct SecretTests {
    private let platform = Platform()
    private let path = "/v1/apps/shop/secrets"

    private func set(_ values: JSONValue) async -> APIAnswer {
        await platform.makeApp()
        return await platform.send("POST", path, ["values": values])
    }

    @Test("set and unset together; the version counts up and comes under both names")
    func update() async {
        let first = await set(["A": "1", "B": "2"])
        #expect(first.status == 200)
        #expect(first.value?["version"] == 1 && first.value?["Version"] == 1)
        let second = await set(["A": .null, "C": "3"])
        #expect(second.value?["version"] == 2)
        let names = await platform.send("GET", path).value?["secrets"]?.array?.compactMap {
            $0["name"]?.string
        }
        #expect(names == ["B", "C"])
    }

    @Test("listed by digest; values only on demand and with the right")
    func values() async {
        _ = await set(["A": "hidden"])
        let listed = await platform.send("GET", path)
        #expect(!String(decoding: listed.body, as: UTF8.self).contains("hidden"))
        let secret = listed.value?["secrets"]?.array?.first
        #expect(secret?["digest"]?.string?.isEmpty == false && secret?["value"] == nil)
        #expect(secret?["created_at"] != nil && secret?["updated_at"] != nil)
        let shown = await platform.send("GET", "\(path)?show_secrets=true")
        #expect(shown.value?["secrets"]?.array?.first?["value"] == "hidden")
    }

    @Test("the digest follows the value, and differs between apps")
    func digests() async {
        func digest(_ app: String) async -> JSONValue? {
            await platform.send("GET", "/v1/apps/\(app)/secrets/A").value?["digest"]
        }
        _ = await set(["A": "1"])
        let one = await digest("shop")
        _ = await set(["A": "2"])
        let two = await digest("shop")
        _ = await set(["A": "1"])
        #expect(await digest("shop") == one && one != two)
        await platform.makeApp("other")
        _ = await platform.send("POST", "/v1/apps/other/secrets", ["values": ["A": "1"]])
        #expect(await digest("other") != one)
    }

    @Test("one secret: 201 with version, read, deleted with a version, then 404")
    func single() async {
        await platform.makeApp()
        let made = await platform.send("POST", "\(path)/A", ["value": "1"])
        #expect(made.status == 201)
        #expect(made.value?["name"] == "A" && made.value?["version"] == 1)
        #expect(made.value?["Version"] == 1)
        #expect(await platform.send("GET", "\(path)/A").status == 200)
        #expect(await platform.send("DELETE", "\(path)/A").value?["version"] == 2)
        #expect(await platform.send("DELETE", "\(path)/A").status == 404)
        #expect(await platform.send("GET", "\(path)/A").status == 404)
    }

    @Test(
        "names are those of variables, values texts",
        arguments: [["1A": "x"], ["A-B": "x"], ["": "x"], ["A": 1]] as [JSONValue])
    func invalid(values: JSONValue) async {
        #expect(await set(values).status == 400)
        #expect(await platform.world.counters.secretVersions == 0)
    }

    @Test("a version that has not come yet is not there", arguments: ["min_version", "version"])
    func minimum(name: String) async {
        _ = await set(["A": "1"])
        #expect(await platform.send("GET", "\(path)?\(name)=1").status == 200)
        #expect(await platform.send("GET", "\(path)?\(name)=2").status == 404)
    }
}
