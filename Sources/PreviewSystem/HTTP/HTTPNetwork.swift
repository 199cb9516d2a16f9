/// How a client reaches the network: what a user's environment says, read by whoever makes it.
package struct HTTPNetwork: Hashable, Sendable {
    /// The proxy for `http` URLs (`http_proxy`), or nil for none.
    package var httpProxy: String?
    /// The proxy for `https` URLs (`https_proxy`), or nil for none.
    package var httpsProxy: String?
    /// Hosts reached without proxy (`no_proxy`), joined by commas. This machine always is.
    package var withoutProxy: String?
    /// A file of certificates to trust in place of the system's (`SSL_CERT_FILE`), or nil.
    package var certificateFile: String?

    /// Direct connections, unless said otherwise.
    package init(
        httpProxy: String? = nil,
        httpsProxy: String? = nil,
        withoutProxy: String? = nil,
        certificateFile: String? = nil
    ) {
        self.httpProxy = httpProxy
        self.httpsProxy = httpsProxy
        self.withoutProxy = withoutProxy
        self.certificateFile = certificateFile
    }
}
