import HTTPTypes
import Hummingbird
import NIOCore
import PreviewCore

/// A file of the page: the same for everybody, so that it needs no token, and as old as the program.
struct PageFile: Sendable {
    /// Where it is asked for.
    let path: String
    private let headers: HTTPFields
    private let body: ByteBuffer
    private let tag: String

    /// `name`: with the ending that tells its type.
    init(_ name: String, _ bytes: [UInt8], at path: String? = nil) {
        self.path = path ?? "/" + name
        body = ByteBuffer(bytes: bytes)
        tag = "\"\(Digest.hex(bytes).prefix(32))\""
        var headers: HTTPFields = [
            .contentType: Self.type(of: name), .eTag: tag,
            // It is asked for each time, and answered in full only where it is another one.
            .cacheControl: "no-cache",
        ]
        if name.hasSuffix(".html") {
            headers[.contentSecurityPolicy] = Self.policy
            headers[.robots] = "noindex"
        }
        self.headers = headers
    }

    /// What a page may do here: nothing that does not come from this server, except for the preview
    /// itself in a frame, at whatever address it has.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "frame-src http: https:", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "text/javascript; charset=utf-8"
        }
    }

    /// The file, or that what the browser has is still it.
    @Sendable func answer(_ request: Request, _ context: ServerContext) -> Response {
        let known = request.headers[.ifNoneMatch]?.split(separator: ",") ?? []
        guard !known.contains(where: { $0.drop { $0 == " " } == tag || $0 == "*" }) else {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    /// All of them: what lies in the folder `Page`.
    static let all = [
        PageFile("index.html", PackageResources.index_html, at: "/"),
        PageFile("client.js", PackageResources.client_js),
        PageFile("dom.js", PackageResources.dom_js),
        PageFile("embed.js", PackageResources.embed_js),
        PageFile("event-stream.js", PackageResources.event_stream_js),
        PageFile("icon.svg", PackageResources.icon_svg),
        PageFile("log-panel.js", PackageResources.log_panel_js),
        PageFile("machine-setup-service.js", PackageResources.machine_setup_service_js),
        PageFile("page.css", PackageResources.page_css),
        PageFile("page.js", PackageResources.page_js),
        PageFile("preview-list.js", PackageResources.preview_list_js),
        PageFile("run-progress.js", PackageResources.run_progress_js),
        PageFile("session-panel.js", PackageResources.session_panel_js),
        PageFile("setup-element.js", PackageResources.setup_element_js),
        PageFile("setup-model.js", PackageResources.setup_model_js),
        PageFile("setup.css", PackageResources.setup_css),
        PageFile("step-card.js", PackageResources.step_card_js),
        PageFile("step-results.js", PackageResources.step_results_js),
        PageFile("steps.js", PackageResources.steps_js),
        PageFile("theme.css", PackageResources.theme_css),
    ]
}

extension HTTPField.Name {
    fileprivate static let robots = named("X-Robots-Tag")
}
