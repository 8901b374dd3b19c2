/// What the sources of a release's targets are like, beside their lists. One sentence for each finding, for people; a sentence is the
/// same for as long as what it says is the case.
public struct TargetSourcesState: Sendable, Equatable {
    /// Sources that have given no list for long.
    public var stale: [String]
    /// Anything else that an operator should know: targets that come and go.
    public var remarks: [String]

    public init(stale: [String] = [], remarks: [String] = []) {
        self.stale = stale
        self.remarks = remarks
    }
}
