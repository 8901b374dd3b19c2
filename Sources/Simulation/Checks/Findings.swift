/// The first check of a run that failed; all machines of a world share it.
///
/// Used on the world's thread alone.
final class Findings: @unchecked Sendable {
    private(set) var failure: (check: String, detail: String)?

    /// The first failure is kept.
    func note(_ check: String, _ detail: String?) {
        if let detail, failure == nil { failure = (check, detail) }
    }
}
