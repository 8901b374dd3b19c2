/// Why a selector cannot be read.
public struct SelectorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where, in UTF-8 bytes from the selector's start.
    public let offset: Int
    public let reason: String

    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    public var description: String { reason }
}
