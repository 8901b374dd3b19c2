import Support

/// Why a source could not be read, or what it answered cannot be used. One line without secrets.
package struct SourceError: Error, Equatable {
    package let reason: String
    /// Of an answer whose status is not the one that was expected.
    package let status: Int?

    package init(_ reason: String, status: Int? = nil) {
        self.reason = ForeignText.line(reason, limit: 300)
        self.status = status
    }
}
