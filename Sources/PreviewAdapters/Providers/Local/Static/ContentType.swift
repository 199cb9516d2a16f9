/// Media types by file name, for what websites consist of (IANA registry; `mime-db` where several
/// are in use).
enum ContentType {
    /// The value of `Content-Type` for a file of this name.
    static func of(_ name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        let suffix = name[name.index(after: dot)...].lowercased()
        if let type = text[suffix] { return type + "; charset=utf-8" }
        return binary[suffix] ?? "application/octet-stream"
    }

    private static let text = [
        "html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml",
        "css": "text/css", "js": "text/javascript", "mjs": "text/javascript",
        "cjs": "text/javascript", "json": "application/json", "map": "application/json",
        "jsonld": "application/ld+json", "webmanifest": "application/manifest+json",
        "geojson": "application/geo+json", "xml": "text/xml", "rss": "application/rss+xml",
        "atom": "application/atom+xml", "svg": "image/svg+xml", "txt": "text/plain",
        "text": "text/plain", "log": "text/plain", "md": "text/markdown", "csv": "text/csv",
        "tsv": "text/tab-separated-values", "vtt": "text/vtt", "ics": "text/calendar",
        "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml",
    ]

    private static let binary = [
        "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
        "webp": "image/webp", "avif": "image/avif", "ico": "image/x-icon", "bmp": "image/bmp",
        "tif": "image/tiff", "tiff": "image/tiff", "woff": "font/woff", "woff2": "font/woff2",
        "ttf": "font/ttf", "otf": "font/otf", "eot": "application/vnd.ms-fontobject",
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg",
        "wav": "audio/wav", "flac": "audio/flac", "weba": "audio/webm", "mp4": "video/mp4",
        "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg", "mov": "video/quicktime",
        "pdf": "application/pdf", "wasm": "application/wasm", "zip": "application/zip",
        "gz": "application/gzip", "tar": "application/x-tar", "glb": "model/gltf-binary",
        "gltf": "model/gltf+json", "epub": "application/epub+zip",
    ]
}
