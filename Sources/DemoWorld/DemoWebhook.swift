/// A POST as it arrived.
public struct DemoWebhook: Sendable {
    /// The request's target: `/hook`.
    public let path: String
    /// Names in lower case; a name that came more than once has its values joined by `, `.
    public let headers: [String: String]
    public let body: [UInt8]
    /// Milliseconds since the Unix epoch when its last byte arrived.
    public let receivedWallMs: Int64

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: body, as: UTF8.self) }
}
