import FlySimulator
import PreviewCore
import Testing

@Suite("The config of a machine (reference, section 6)")
struct ConfigTests {
    private let platform = Platform()

    private func echo(_ json: String) async throws -> JSONValue {
        try #require(
            await platform.makeMachine(try JSONReader.read(json)).created["config"])
    }

    private func refusal(_ json: String) async throws -> APIAnswer {
        await platform.makeApp()
        return await platform.send(
            "POST", "/v1/apps/shop/machines", ["config": try JSONReader.read(json)])
    }

    @Test("the echo adds init, dns, restart and guest")
    func defaults() async throws {
        let config = try await echo(#"{"image":"node:22"}"#)
        #expect(config["init"] == [:])
        #expect(config["dns"] == [:])
        #expect(config["restart"] == ["policy": "on-failure", "max_retries": 10])
        #expect(config["guest"] == ["cpu_kind": "shared", "cpus": 1, "memory_mb": 256])
    }

    @Test(
        "6.4: autostop is echoed as a Boolean for off and stop",
        arguments: [
            (#""off""#, JSONValue.bool(false)), (#""stop""#, .bool(true)),
            (#""suspend""#, .string("suspend")), ("true", .bool(true)), ("false", .bool(false)),
        ])
    func autostop(sent: String, echoed: JSONValue) async throws {
        let config = try await echo(
            #"{"image":"a","services":[{"protocol":"tcp","internal_port":1,"autostop":\#(sent)}]}"#)
        let service = config["services"]?.array?.first
        #expect(service?["autostop"] == echoed)
        #expect(service?["force_instance_key"] == .null)
    }

    @Test(
        "durations are read as Go writes them or in nanoseconds, and echoed as Go prints them",
        arguments: [
            (#""90s""#, "1m30s"), (#""15s""#, "15s"), ("15000000000", "15s"),
            (#""1.5s""#, "1.5s"), (#""250ms""#, "250ms"), (#""1h""#, "1h0m0s"),
        ])
    func durations(sent: String, echoed: String) async throws {
        let config = try await echo(
            #"{"image":"a","checks":{"up":{"type":"tcp","port":80,"interval":\#(sent)}}}"#)
        #expect(config["checks"]?["up"]?["interval"]?.string == echoed)
    }

    @Test(
        "6.1: a preset stands for a guest",
        arguments: [
            ("shared-cpu-1x", "shared", 1, 256), ("shared-cpu-8x", "shared", 8, 2048),
            ("performance-2x", "performance", 2, 4096),
            ("performance-16x", "performance", 16, 32768),
        ])
    func presets(size: String, kind: String, cpus: Int, memory: Int) async throws {
        let config = try await echo(#"{"image":"a","size":"\#(size)"}"#)
        #expect(config["size"] == nil)
        #expect(
            config["guest"] == [
                "cpu_kind": .string(kind), "cpus": .int(cpus), "memory_mb": .int(memory),
            ])
    }

    @Test(
        "a config that makes no sense is 400",
        arguments: [
            #"{"image":"a","size":"shared-cpu-1x","guest":{"cpus":1}}"#,
            #"{"image":"a","size":"shared-cpu-3x"}"#,
            #"{"image":"a","guest":{"cpu_kind":"huge"}}"#,
            #"{"image":"a","guest":{"cpus":3}}"#,
            #"{"image":"a","guest":{"cpus":1,"memory_mb":128}}"#,
            #"{"image":"a","guest":{"cpus":1,"memory_mb":4096}}"#,
            #"{"image":"a","guest":{"cpus":1,"memory_mb":300}}"#,
            #"{"image":"a","guest":{"cpu_kind":"performance","cpus":8,"memory_mb":8192}}"#,
            #"{"image":"a","guest":{"cpu_kind":"performance","cpus":1,"memory_mb":2304}}"#,
            #"{"image":"a","env":{"A":1}}"#, #"{"image":"a","metadata":{"A":null}}"#,
            #"{"image":"a","files":[{"guest_path":"a","raw_value":""}]}"#,
            #"{"image":"a","files":[{"guest_path":"/a/../../b","raw_value":""}]}"#,
            #"{"image":"a","files":[{"guest_path":"/a"}]}"#,
            #"{"image":"a","files":[{"guest_path":"/a","raw_value":"","secret_name":"S"}]}"#,
            #"{"image":"a","files":[{"guest_path":"/a","raw_value":"*"}]}"#,
            #"{"image":"a","restart":{"policy":"sometimes"}}"#,
            #"{"image":"a","restart":{"policy":"spot-price"}}"#,
            #"{"image":"a","services":[{"internal_port":80}]}"#,
            #"{"image":"a","services":[{"protocol":"tcp"}]}"#,
            #"{"image":"a","services":[{"protocol":"tcp","internal_port":1,"autostop":"later"}]}"#,
            #"{"image":"a","services":[{"protocol":"tcp","internal_port":1,"ports":[{}]}]}"#,
            #"""
            {"image":"a","services":[{"protocol":"tcp","internal_port":1,
            "ports":[{"port":443,"handlers":["http","tls"]}]}]}
            """#,
            #"{"image":"a","checks":{"up":{"type":"icmp","port":1}}}"#,
            #"{"image":"a","checks":{"up":{"type":"tcp","port":1,"interval":"soon"}}}"#,
            #"{"image":"a","mounts":[{"volume":"a"},{"volume":"b"}]}"#,
            #"{"image":"a","rootfs":{"persist":"sometimes"}}"#,
            #"{"image":"a","schedule":"yearly"}"#,
            #"{"image":"a","stop_config":{"signal":"SIGWINCH"}}"#,
            #"{"image":"a","init":{"exec":"sh boot.sh"}}"#,
        ])
    func refused(json: String) async throws {
        let answer = try await refusal(json)
        #expect(answer.status == 400, "\(json)")
        #expect(answer.errorText.hasPrefix("invalid config"), "\(answer.errorText)")
        #expect(await platform.world.counters.machines == 0)
    }

    @Test("files are echoed with their content, whoever reads")
    func files() async throws {
        let file = #"{"guest_path":"/fly/boot.sh","raw_value":"ZWNobw==","mode":493}"#
        let config = try await echo(#"{"image":"a","files":[\#(file)]}"#)
        #expect(config["files"]?.array?.first == (try JSONReader.read(file)))
    }
}
