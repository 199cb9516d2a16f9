import CPostgres

/// The functions of libpq; only after ``PostgresLibrary/trouble`` said that there is none.
var libpq: preview_pg_functions { preview_pg_functions().pointee }

/// libpq itself, loaded at its first use.
enum PostgresLibrary {
    /// Why the library cannot be used, `nil` when it can. The first question loads it.
    static let trouble: String? = preview_pg_load().map {
        "libpq cannot be loaded (Debian package libpq5): \(String(cString: $0))"
    }

    /// The options that have a value.
    static func values(_ options: UnsafeMutablePointer<preview_pg_option>?) -> [String: String] {
        var values: [String: String] = [:]
        var next = options
        while let option = next, let keyword = option.pointee.keyword {
            if let value = option.pointee.value {
                values[String(cString: keyword)] = String(cString: value)
            }
            next = option.successor()
        }
        return values
    }
}
