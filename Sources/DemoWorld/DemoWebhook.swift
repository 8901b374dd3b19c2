/// A POST as it arrived.
package struct DemoWebhook: Sendable {
    /// The request's target: `/hook`.
    package let path: String
    /// Names in lower case; a name that came more than once has its values joined by `, `.
    package let headers: [String: String]
    package let body: [UInt8]
    /// Milliseconds since the Unix epoch when its last byte arrived.
    package let receivedWallMs: Int64

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
