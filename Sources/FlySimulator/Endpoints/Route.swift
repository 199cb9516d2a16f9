/// One method and path of the APIs.
struct Route: Sendable {
    /// Who is let in, and what must exist.
    enum Access: Sendable {
        /// Anybody.
        case open
        /// Whoever has a valid token.
        case token
        /// Whoever may see the app of the path.
        case app
        /// Whoever may see the app of the path, if it has the machine of the path.
        case machine
    }

    /// Throws nothing but `APIError`; the compiler does not infer that for a closure.
    typealias Run = @Sendable (inout FlyModel, Call) throws -> Reply

    let method: String
    let surface: APIRequest.Surface
    let action: Action
    let access: Access
    let run: Run
    private let segments: [Substring]

    init(
        _ method: String, _ path: String, _ action: Action, _ access: Access,
        surface: APIRequest.Surface = .machines, run: @escaping Run
    ) {
        self.method = method
        self.surface = surface
        self.action = action
        self.access = access
        self.run = run
        segments = path.split(separator: "/")
    }

    /// What the placeholders of the route stand for in a path, or nil if it is another path.
    func parameters(in path: String) -> [String: String]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), parts.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            if segment.hasPrefix(":") {
                guard !part.isEmpty else { return nil }
                parameters[String(segment.dropFirst())] = APIRequest.decoded(part)
            } else if segment != part {
                return nil
            }
        }
        return parameters
    }

    /// The route of a request, with its parameters.
    static func find(_ request: APIRequest) -> (Route, [String: String])? {
        for route in all where route.method == request.method && route.surface == request.surface {
            if let parameters = route.parameters(in: request.path) { return (route, parameters) }
        }
        return nil
    }

    private static let all = apps + machines + machineDetails + platform
}

extension Route {
    private static let apps = [
        Route("POST", "/v1/apps", .createApp, .token) { try $0.createApp($1) },
        Route("GET", "/v1/apps", .listApps, .token) { try $0.listApps($1) },
        Route("GET", "/v1/apps/:app", .getApp, .app) { try $0.getApp($1) },
        Route("DELETE", "/v1/apps/:app", .deleteApp, .app) { try $0.deleteApp($1) },
        Route("POST", "/v1/apps/:app/deploy_token", .createDeployToken, .app) {
            try $0.createDeployToken($1)
        },
        Route("GET", "/v1/apps/:app/ip_assignments", .listAddresses, .app) {
            try $0.listAddresses($1)
        },
        Route("POST", "/v1/apps/:app/ip_assignments", .assignAddress, .app) {
            try $0.assignAddress($1)
        },
        Route("DELETE", "/v1/apps/:app/ip_assignments/:ip", .releaseAddress, .app) {
            try $0.releaseAddress($1)
        },
        Route("GET", "/v1/apps/:app/secrets", .listSecrets, .app) { try $0.listSecrets($1) },
        Route("POST", "/v1/apps/:app/secrets", .updateSecrets, .app) { try $0.updateSecrets($1) },
        Route("GET", "/v1/apps/:app/secrets/:name", .getSecret, .app) { try $0.getSecret($1) },
        Route("POST", "/v1/apps/:app/secrets/:name", .setSecret, .app) { try $0.setSecret($1) },
        Route("DELETE", "/v1/apps/:app/secrets/:name", .deleteSecret, .app) {
            try $0.deleteSecret($1)
        },
        Route("GET", "/v1/apps/:app/volumes", .listVolumes, .app) { try $0.listVolumes($1) },
        Route("POST", "/v1/apps/:app/volumes", .createVolume, .app) { try $0.createVolume($1) },
        Route("GET", "/v1/apps/:app/volumes/:volume", .getVolume, .app) { try $0.getVolume($1) },
        Route("DELETE", "/v1/apps/:app/volumes/:volume", .deleteVolume, .app) {
            try $0.deleteVolume($1)
        },
    ]

    private static let machines = [
        Route("POST", "/v1/apps/:app/machines", .createMachine, .app) { try $0.createMachine($1) },
        Route("GET", "/v1/apps/:app/machines", .listMachines, .app) { try $0.listMachines($1) },
        machine("GET", "", .getMachine) { try $0.getMachine($1) },
        machine("POST", "", .updateMachine) { try $0.updateMachine($1) },
        machine("DELETE", "", .deleteMachine) { try $0.deleteMachine($1) },
        machine("POST", "/start", .start) { try $0.startMachine($1) },
        machine("POST", "/stop", .stop) { try $0.stopMachine($1) },
        machine("POST", "/suspend", .suspend) { try $0.suspendMachine($1) },
        machine("POST", "/restart", .restart) { try $0.restartMachine($1) },
        machine("POST", "/signal", .signal) { try $0.signalMachine($1) },
        machine("GET", "/wait", .wait) { try $0.waitForMachine($1) },
    ]

    private static let machineDetails = [
        machine("POST", "/exec", .exec) { try $0.execute($1) },
        machine("GET", "/ps", .listProcesses) { try $0.listProcesses($1) },
        machine("GET", "/lease", .lease) { try $0.getLease($1) },
        machine("POST", "/lease", .lease) { try $0.takeLease($1) },
        machine("DELETE", "/lease", .lease) { try $0.releaseLease($1) },
        machine("POST", "/cordon", .cordon) { try $0.cordon($1, true) },
        machine("POST", "/uncordon", .uncordon) { try $0.cordon($1, false) },
        machine("GET", "/events", .listEvents) { try $0.listEvents($1) },
        machine("GET", "/versions", .listVersions) { try $0.listVersions($1) },
        machine("GET", "/memory", .memory) { try $0.getMemory($1) },
        machine("GET", "/metadata", .getMetadata) { try $0.getMetadata($1) },
        machine("PATCH", "/metadata", .updateMetadata) { try $0.mergeMetadata($1) },
        machine("PUT", "/metadata", .updateMetadata) { try $0.mergeMetadata($1) },
        machine("GET", "/metadata/:key", .getMetadata) { try $0.getMetadataValue($1) },
        machine("POST", "/metadata/:key", .updateMetadata) { try $0.setMetadataValue($1) },
        machine("DELETE", "/metadata/:key", .updateMetadata) { try $0.deleteMetadataValue($1) },
    ]

    private static let platform = [
        Route("GET", "/v1/platform/regions", .listRegions, .open) { try $0.listRegions($1) },
        Route("POST", "/v1/platform/placements", .getPlacements, .token) {
            try $0.getPlacements($1)
        },
        Route("GET", "/v1/tokens/current", .getToken, .token) { try $0.getCurrentToken($1) },
        Route("GET", "/v1/orgs/:organization/machines", .listOrganizationMachines, .token) {
            try $0.listOrganizationMachines($1)
        },
        Route("POST", "/graphql", .graphQL, .token, surface: .platform) { try $0.graphQL($1) },
        Route("GET", "/api/v1/apps/:app/logs", .readLogs, .token, surface: .platform) {
            try $0.readLogs($1)
        },
    ]

    private static func machine(
        _ method: String, _ rest: String, _ action: Action, run: @escaping Run
    ) -> Route {
        Route(method, "/v1/apps/:app/machines/:machine\(rest)", action, .machine, run: run)
    }
}
