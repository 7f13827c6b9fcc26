/// Bounds on the files that admins and developers write: far above any real one, low enough that a wrong file is refused in
/// moments. What the protocol limits too is in `Limits`.
enum FileLimits {
    /// Bytes of a schema or policy: 512 tables of 256 fields in a line each would be some 5 MB, and nobody has those.
    static let definitionBytes = 2 * 1024 * 1024
    /// Bytes of an organisation: 25,000 territories and 50,000 users with their grants (DESIGN §6).
    static let organisationBytes = 16 * 1024 * 1024
    /// Levels of lists and mappings. The deepest that DESIGN §13 describes is 6.
    static let depth = 12
    /// Uses of YAML aliases, or what looks like them, above which a file is not even parsed: each may double what follows.
    static let aliases = 16
    /// Values of one enumeration.
    static let enumerationValues = 1_000
    /// Bytes of one of them: it is a word, and stands in triggers and error messages.
    static let enumerationValueBytes = 128
    /// Bytes of the name of a territory or user as people read it.
    static let displayNameBytes = 256
    /// Levels of the territory tree: six times those designed for.
    static let territoryDepth = 64
    /// Days of grace: ten years.
    static let graceDays = 3650
}
