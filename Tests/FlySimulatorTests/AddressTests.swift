import FlySimulator
import PreviewCore
import Testing

@Suite("Addresses (reference, section 3)")
struct AddressTests {
    private let platform = Platform()
    private let path = "/v1/apps/shop/ip_assignments"

    private func addresses(on platform: Platform) async -> [JSONValue] {
        await platform.send("GET", path).value?["ips"]?.array ?? []
    }

    @Test("a new app has none; the list is wrapped")
    func none() async {
        await platform.makeApp()
        #expect(await platform.send("GET", path).value == ["ips": []])
    }

    @Test(
        "every type is given out: whether it is shared, for egress, and its own form",
        arguments: [
            ("shared_v4", true, "66.241."), ("v4", false, "137.66."), ("v6", false, "2a09:8280:"),
            ("private_v6", false, "fdaa:"), ("egress_v4", false, "137.66."),
            ("egress_v6", false, "2a09:"),
        ])
    func types(type: String, isShared: Bool, start: String) async {
        await platform.makeApp()
        let answer = await platform.send(
            "POST", path,
            [
                "type": .string(type), "region": "", "org_slug": "", "network": "",
                "service_name": "",
            ])
        #expect(answer.status == 200)
        let address = answer.value
        #expect(address?["ip"]?.string?.hasPrefix(start) == true)
        #expect(address?["type"]?.string == type)
        #expect(address?["shared"]?.bool == isShared)
        #expect(address?["egress"]?.bool == type.hasPrefix("egress"))
        #expect(address?["network"]?.isNull == (type != "private_v6"))
        #expect(await addresses(on: platform) == [address])
    }

    @Test("an egress pair has no address of its own but two")
    func pair() async {
        await platform.makeApp()
        let answer = await platform.send("POST", path, ["type": "egress_pair"]).value
        #expect(answer?["ip"] == .null)
        #expect(answer?["ip_pair"]?["v4"]?.string?.isEmpty == false)
        #expect(answer?["ip_pair"]?["v6"]?.string?.isEmpty == false)
    }

    @Test(
        "an unknown type or network is 400",
        arguments: [
            ("v5", "", "invalid ip address type"), ("", "", "invalid ip address type"),
            ("private_v6", "none", "network not found"),
        ])
    func refused(type: String, network: String, text: String) async {
        await platform.makeApp()
        let answer = await platform.send(
            "POST", path, ["type": .string(type), "network": .string(network)])
        #expect(answer.status == 400)
        #expect(answer.errorText == text)
    }

    @Test("asking twice gives two addresses, or what the platform may choose to do")
    func twice() async {
        func statuses(_ choice: Choices.SecondAddress) async -> ([Int], Int) {
            let platform = Platform { $0.choices.secondAddress = choice }
            await platform.makeApp()
            var statuses: [Int] = []
            for _ in 0..<2 {
                statuses.append(await platform.send("POST", path, ["type": "shared_v4"]).status)
            }
            return (statuses, await addresses(on: platform).count)
        }
        #expect(await statuses(.another) == ([200, 200], 2))
        #expect(await statuses(.same) == ([200, 200], 1))
        #expect(await statuses(.refused) == ([200, 409], 1))
    }

    @Test("released with 204, then 404")
    func release() async throws {
        await platform.makeApp()
        let address = await platform.send("POST", path, ["type": "v6"]).value?["ip"]?.string
        let target = "\(path)/\(try #require(address).replacing(":", with: "%3A"))"
        let answer = await platform.send("DELETE", target)
        #expect(answer.status == 204 && answer.body.isEmpty)
        #expect(await platform.send("DELETE", target).status == 404)
        #expect(await addresses(on: platform).isEmpty)
    }

    @Test("GraphQL allocates as well, and lists the shared address apart")
    func graphQL() async {
        await platform.makeApp()
        func ask(_ query: String, _ variables: JSONValue = [:]) async -> JSONValue? {
            await platform.send(
                "POST", "/graphql", ["query": .string(query), "variables": variables],
                surface: .platform
            ).value
        }
        let mutation = """
            mutation($input: AllocateIPAddressInput!) {
              allocateIpAddress(input: $input) {
                app { sharedIpAddress }
                ipAddress { id address type }
              }
            }
            """
        let shared = await ask(mutation, ["input": ["appId": "shop", "type": "shared_v4"]])
        let allocated = shared?["data"]?["allocateIpAddress"]
        #expect(allocated?["app"]?["sharedIpAddress"]?.string?.hasPrefix("66.241.") == true)
        #expect(allocated?["ipAddress"] == .null)
        let v6 = await ask(mutation, ["input": ["appId": "shop", "type": "v6"]])
        #expect(v6?["data"]?["allocateIpAddress"]?["ipAddress"]?["type"] == "v6")
        let app = await ask(
            #"{ shop: app(name: "shop") { ipAddresses { nodes { type } } sharedIpAddress } }"#)
        #expect(app?["data"]?["shop"]?["ipAddresses"]?["nodes"] == [["type": "v6"]])
        let wrong = await ask(mutation, ["input": ["appId": "none", "type": "v6"]])
        #expect(
            wrong?["errors"]?.array?.first?["message"] == "Could not find App")
    }
}
