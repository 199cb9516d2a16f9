import PreviewCore

/// Volumes, as far as machines and the end of an app need them (reference, section 4.13).
extension FlyModel {
    /// `GET /v1/apps/{app}/volumes`.
    func listVolumes(_ call: Call) throws(APIError) -> Reply {
        .now(.json(200, .array(try app(of: call).volumes.filter { !$0.isDestroyed }.map(json))))
    }

    /// `POST /v1/apps/{app}/volumes`.
    mutating func createVolume(_ call: Call) throws(APIError) -> Reply {
        let name = call.body.given("name")?.string ?? ""
        let isNamed =
            !name.isEmpty
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
                    || (0x41...0x5A).contains($0) || $0 == 0x5F
            }
        guard isNamed else { throw .invalid("invalid volume name") }
        let region = call.body.given("region")?.string ?? configuration.edgeRegion
        guard Region.all.contains(where: { $0.code == region }) else {
            throw .invalid("invalid region: \(region)")
        }
        let size = call.body.given("size_gb")?.int ?? 3
        guard size > 0 else { throw .invalid("invalid size_gb") }
        guard !capacity.fullRegions.contains(region) else { throw .regionFull }
        let volume = App.Volume(
            id: "vol_" + ids.token(16), name: name, region: region, sizeGB: size, createdAt: now)
        apps[call.app]?.volumes.append(volume)
        counts.volumes += 1
        return .now(.json(200, json(volume)))
    }

    /// `GET /v1/apps/{app}/volumes/{id}`.
    func getVolume(_ call: Call) throws(APIError) -> Reply {
        .now(.json(200, json(try volume(of: call).volume)))
    }

    /// `DELETE /v1/apps/{app}/volumes/{id}`.
    mutating func deleteVolume(_ call: Call) throws(APIError) -> Reply {
        var (index, volume) = try volume(of: call)
        guard volume.machine == nil else {
            throw .precondition(
                "volume \(volume.id) is attached to machine \(volume.machine ?? "")")
        }
        volume.isDestroyed = true
        apps[call.app]?.volumes[index] = volume
        return .now(.json(200, json(volume)))
    }

    private func volume(of call: Call) throws(APIError) -> (index: Int, volume: App.Volume) {
        let volumes = try app(of: call).volumes
        guard
            let index = volumes.firstIndex(where: {
                $0.id == call.parameters["volume"] && !$0.isDestroyed
            })
        else { throw APIError(404, "volume not found") }
        return (index, volumes[index])
    }

    private func json(_ volume: App.Volume) -> JSONValue {
        .object([
            ("id", .string(volume.id)), ("name", .string(volume.name)),
            ("state", volume.isDestroyed ? "scheduling_destroy" : "created"),
            ("region", .string(volume.region)), ("size_gb", .int(volume.sizeGB)),
            ("encrypted", true), ("attached_machine_id", JSONValue(volume.machine)),
            ("attached_alloc_id", .null), ("created_at", .string(volume.createdAt.text)),
            ("fstype", "ext4"), ("snapshot_retention", 5), ("auto_backup_enabled", true),
            ("host_status", "ok"), ("zone", .string(volume.region + "1")),
        ])
    }
}
