/// Why a template cannot be used, or could not be filled in.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Unicode scalars before the place.
    public let offset: Int
    public let reason: String

    public init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { reason }
}
