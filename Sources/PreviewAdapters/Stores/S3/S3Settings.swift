import PreviewCore

/// Where a store's objects are, as the section `state` and the environment say (SPEC section 6).
struct S3Settings: Hashable, Sendable {
    let bucket: String
    /// What every key begins with; possibly empty.
    let prefix: String
    let region: String
    /// Scheme, host and port, without the bucket.
    private let origin: String
    /// What the endpoint's address has behind the host, without a slash at its end.
    private let path: String
    private let isPathStyle: Bool
    /// The value of `x-amz-server-side-encryption`, or `nil` for what the bucket does by itself.
    let encryption: String?

    /// `settings`: the keys of `state`, already valid by themselves. `profile`: what AWS's shared
    /// files say for the chosen profile.
    init(_ settings: [String: String], environment: AWSEnvironment, profile: [String: String])
        throws
    {
        guard let bucket = settings["bucket"], !bucket.isEmpty else {
            throw Failure.s3Settings("`state.bucket` is missing", fix: "name the bucket")
        }
        self.bucket = bucket
        prefix = settings["prefix"] ?? ""
        encryption = settings["encryption"]
        let endpoint = Self.chosenEndpoint(settings, environment, profile)
        let region =
            settings["region"] ?? environment.value("AWS_REGION")
            ?? environment.value("AWS_DEFAULT_REGION") ?? profile["region"]
        // Servers that are not Amazon's have no regions, and most take this one for theirs.
        guard let region = region ?? (endpoint == nil ? nil : "us-east-1") else {
            throw Failure.s3Settings(
                "nothing says in which region the bucket \(bucket) is",
                fix: "add `region` to `state`, or set AWS_REGION")
        }
        guard region.utf8.allSatisfy({ Self.regionCharacters.contains($0) }) else {
            throw Failure.s3Settings("no region is called `\(region)`", fix: "correct AWS_REGION")
        }
        self.region = region
        let address = endpoint ?? Self.amazonEndpoint(region)
        guard let (origin, path) = Self.split(address) else {
            throw Failure.s3Settings(
                "`\(address)` is no address of a store",
                fix: "write it with http:// or https:// and without user and query")
        }
        (self.origin, self.path) = (origin, path)
        isPathStyle =
            settings["path_style"] == "true"
            || !Self.canBeHostLabel(bucket) || Self.isNumeric(origin)
    }

    /// The bucket's address, to which a key is added behind a slash.
    var bucketURL: String {
        guard !isPathStyle, let scheme = origin.firstRange(of: "://") else {
            return "\(origin)\(path)/\(bucket)"
        }
        return "\(origin[..<scheme.upperBound])\(bucket).\(origin[scheme.upperBound...])\(path)"
    }

    /// A key as people name it.
    func place(of key: String) -> String { "s3://\(bucket)/\(key)" }

    private static let regionCharacters = Array("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)

    private static func chosenEndpoint(
        _ settings: [String: String], _ environment: AWSEnvironment, _ profile: [String: String]
    ) -> String? {
        if let endpoint = settings["endpoint"] { return endpoint }
        if environment.value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true" {
            return nil
        }
        return environment.value("AWS_ENDPOINT_URL_S3") ?? environment.value("AWS_ENDPOINT_URL")
            ?? profile["endpoint_url"]
    }

    private static func amazonEndpoint(_ region: String) -> String {
        "https://s3.\(region).\(AWSEnvironment.domain(of: region))"
    }

    private static func split(_ address: String) -> (origin: String, path: String)? {
        guard ["http://", "https://"].contains(where: address.hasPrefix),
            address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#@".utf8.contains($0) })
        else { return nil }
        let parts = address.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count >= 2 else { return nil }
        return ("\(parts[0])//\(parts[1])", parts.dropFirst(2).map { "/\($0)" }.joined())
    }

    /// Whether the bucket can stand before the host's name: certificates cover one label only.
    private static func canBeHostLabel(_ bucket: String) -> Bool {
        bucket.utf8.allSatisfy { regionCharacters.contains($0) }
    }

    /// Whether the host is a number or this machine, so that no name can stand before it.
    private static func isNumeric(_ origin: String) -> Bool {
        let host = origin.split(separator: "/").last ?? ""
        let name = host.hasPrefix("[") ? "" : host.prefix { $0 != ":" }
        return name == "localhost" || name.allSatisfy { $0 == "." || $0.isNumber }
    }
}

extension Failure {
    /// What `state` says of its bucket cannot be used (exit 65).
    static func s3Settings(
        _ message: String, evidence: [Evidence] = [], fix: String
    ) -> Failure {
        Failure(.storeSettings, .invalidConfig, message, evidence: evidence, fix: fix)
    }
}
