import PreviewAdapters
import PreviewCore
import Testing

@Suite("What an answer without success means")
struct FlyCauseTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var status: Int
        var body: String
        var cause: FlyFailure.Cause
        var isCertain = true

        init(_ status: Int, _ body: String, _ cause: FlyFailure.Cause, certain: Bool = true) {
            (self.status, self.body, self.cause, isCertain) = (status, body, cause, certain)
        }

        var testDescription: String { "\(status) \(body.prefix(60))" }
    }

    private static let host =
        "insufficient memory available to fulfill request"

    static let quoted = [
        // Section 1.5 and 1.6
        Row(401, #"{"error":"Authenticate: token validation error"}"#, .unauthorised),
        Row(403, #"{"error":"unauthorized"}"#, .forbidden),
        Row(404, "404 page not found\n", .unrouted),
        Row(404, #"{"error":"Could not find App"}"#, .notFound),
        Row(404, "", .notFound),
        Row(429, "rate limit exceeded", .rateLimited(after: nil)),
        Row(500, #"{"error":"unknown: internal"}"#, .unreachable, certain: false),
        Row(502, "<html>bad gateway</html>", .unreachable, certain: false),
        Row(408, #"{"error":"deadline_exceeded: host"}"#, .timedOut, certain: false),
        // Section 2.1
        Row(
            422,
            #"{"error":"Validation failed: Name has already been taken","status":"name_taken"}"#,
            .nameTaken),
        Row(422, #"{"error":"Validation failed: Name has already been taken"}"#, .nameTaken),
        Row(500, #"{"error":"uniqueness constraint violated"}"#, .nameTaken),
        Row(409, #"{"error":"another sentence","status":"name_taken"}"#, .nameTaken),
        Row(
            422,
            #"{"error":"Validation failed: Name under 63 chars using numbers, lowercase letters and dashes"}"#,
            .invalid),
        // Section 3
        Row(400, #"{"error":"invalid ip address type"}"#, .invalid),
        // Section 4.2
        Row(
            409,
            #"{"error":"already_exists: unique machine name violation, machine ID 148e21ea7d9889 already exists with name \"web\""}"#,
            .machineNameTaken(id: "148e21ea7d9889")),
        Row(
            422,
            #"{"error":"Your organization has reached its machine limit. Please contact billing@fly.io"}"#,
            .machineLimit),
        Row(
            422, #"{"error":"could not find a candidate host","status":"insufficient_capacity"}"#,
            .regionFull),
        Row(
            503, #"{"error":"could not find a candidate host","status":"insufficient_capacity"}"#,
            .regionFull),
        Row(503, #"{"error":"could not find a candidate host"}"#, .regionFull),
        Row(
            412,
            #"{"error":"insufficient resources to create new machine with existing volume id 'vol_1'","status":"volume_placement_capacity"}"#,
            .hostFull),
        Row(
            412,
            #"{"error":"insufficient resources to create new machine with existing volume id 'vol_1'"}"#,
            .hostFull),
        Row(
            409,
            #"{"error":"aborted: insufficient resources available to fulfill request: could not reserve resource for machine: \#(host)"}"#,
            .hostFull),
        Row(409, #"{"error":"aborted: insufficient CPUs available"}"#, .hostFull),
        Row(409, #"{"error":"aborted: insufficient IPs available"}"#, .hostFull),
        Row(409, #"{"error":"aborted: no capacity"}"#, .regionFull),
        Row(
            400,
            #"{"error":"failed to get manifest node:99: GET manifest: MANIFEST_UNKNOWN: manifest unknown"}"#,
            .imageUnknown),
        // Section 4.5
        Row(
            409, #"{"error":"aborted: machine update failed due to concurrent update"}"#,
            .staleVersion),
        Row(
            409,
            #"{"error":"machine ID 148e lease currently held by jo@tokens.fly.io, expires at 2026-11-24T05:51:00Z"}"#,
            .leaseHeld),
        Row(
            409,
            #"{"status":"error","message":"machine ID 148e lease currently held by jo@fly.io"}"#,
            .leaseHeld),
        Row(409, #"{"error":"please try again"}"#, .conflict),
        Row(
            409,
            #"{"error":"aborted: could not reserve resource for machine: \#(host) on the current host"}"#,
            .hostFull),
        Row(409, #"{"error":"deploys to this host are temporarily disabled"}"#, .hostFull),
        Row(409, #"{"error":"aborted: governor policy blocked start"}"#, .hostFull),
        // Section 4.6
        Row(
            412,
            #"{"error":"failed_precondition: unable to start machine from current state: 'created'"}"#,
            .wrongState),
        Row(
            412, #"{"error":"failed_precondition: machine getting replaced, refusing to start"}"#,
            .wrongState),
        Row(
            412, #"{"error":"failed_precondition: machine still active, refusing to start"}"#,
            .wrongState),
        // Section 4.7, with its older form
        Row(
            412,
            #"{"error":"failed_precondition: unable to destroy machine, not currently stopped, suspended, failed or created"}"#,
            .wrongState),
        Row(
            409, #"{"error":"unable to destroy machine, not currently stopped"}"#, .wrongState),
        // Section 4.8
        Row(
            408,
            #"{"error":"deadline_exceeded: machine failed to reach desired state, started, currently stopped"}"#,
            .timedOut, certain: false),
        Row(
            409,
            #"{"error":"aborted: machine failed to reach desired state, started, currently destroyed"}"#,
            .wrongState),
        // Section 4.10 and 4.12
        Row(
            412, #"{"error":"failed_precondition: machine_version does not match"}"#,
            .staleVersion),
        Row(400, #"{"error":"timeout must not exceed 60 seconds"}"#, .invalid),
    ]

    @Test("every error that the reference quotes has its cause", arguments: quoted)
    func table(row: Row) {
        let failure = FlyFailure(status: row.status, body: Array(row.body.utf8), call: "POST /x")
        #expect(failure.cause == row.cause)
        #expect(failure.isCertain == row.isCertain)
        #expect(failure.status == row.status)
    }

    @Test("words about room mean it in a conflict only")
    func roomElsewhere() {
        for status in [400, 403, 404, 500] {
            let failure = FlyFailure(
                status: status, body: Array(#"{"error":"insufficient memory"}"#.utf8), call: "")
            #expect(failure.cause != .hostFull)
        }
    }

    @Test("the message is the platform's, in whichever field or form it comes")
    func messages() {
        func message(_ body: String) -> String {
            FlyFailure(status: 400, body: Array(body.utf8), call: "").message
        }
        #expect(message(#"{"error":"one","message":"two"}"#) == "two")
        #expect(message(#"{"error":"one","message":""}"#) == "one")
        #expect(message(#"{"error":"one","details":{"a":[1]},"more":null}"#) == "one")
        #expect(message("plain text \n") == "plain text")
        #expect(message(#"{"error":"cut"#) == #"{"error":"cut"#)
        #expect(message(String(repeating: "x", count: 9000)).count == 400)
    }

    @Test(
        "R-31: a time to wait is taken in seconds",
        arguments: [
            ("7", 7), ("0", 0), ("1.5", 2), ("-1", nil), ("soon", nil), (nil, nil),
        ] as [(String?, Int?)])
    func retryAfter(header: String?, seconds: Int?) {
        let failure = FlyFailure(status: 429, body: [], retryAfter: header, call: "")
        #expect(failure.cause == .rateLimited(after: seconds))
    }
}

@Suite("Tokens of Fly.io")
struct FlyTokenTests {
    @Test(
        "each form that people have leads to the headers of both hosts",
        arguments: [
            ("fm2_a", "FlyV1 fm2_a", "FlyV1 fm2_a"),
            ("FlyV1 fm2_a", "FlyV1 fm2_a", "FlyV1 fm2_a"),
            ("Bearer fm2_a\n", "FlyV1 fm2_a", "FlyV1 fm2_a"),
            ("FlyV1 fm2_a,fm1r_b", "FlyV1 fm2_a,fm1r_b", "FlyV1 fm2_a,fm1r_b"),
            ("FlyV1 fm2_a, FlyV1 fm1a_b", "FlyV1 fm2_a,fm1a_b", "FlyV1 fm2_a,fm1a_b"),
            ("oauth", "Bearer oauth", "Bearer oauth"),
            ("bearer oauth", "Bearer oauth", "Bearer oauth"),
            ("oauth,fm2_a", "FlyV1 fm2_a", "FlyV1 fm2_a,oauth"),
        ])
    func headers(text: String, machines: String, platform: String) {
        let token = FlyToken(text)
        #expect(token.machinesHeader == machines)
        #expect(token.platformHeader == platform)
    }

    @Test("R-23: a token does not show itself")
    func hidden() {
        let token = FlyToken("fm2_canary")
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] {
            #expect(!text.contains("canary"))
        }
    }
}
