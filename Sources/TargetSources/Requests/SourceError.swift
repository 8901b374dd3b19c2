import Support

/// Why a source could not be read, or what it answered cannot be used. One line without secrets.
struct SourceError: Error, Equatable {
    let reason: String
    /// Of an answer whose status is not the one that was expected.
    let status: Int?

    init(_ reason: String, status: Int? = nil) {
        self.reason = ForeignText.line(reason, limit: 300)
        self.status = status
    }
}
