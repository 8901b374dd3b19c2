/// The two sides of the split.
enum Version: Int, Sendable, CaseIterable {
    case baseline, canary
}
