import HTTPTypes

/// The conditions that an order's headers make.
struct OrderHeaders: Equatable {
    static let keyName: HTTPField.Name = .init("Idempotency-Key")!
    private static let keyLimit = 200

    /// The repetition of a request with the same key gets the first answer again.
    let key: String?
    /// The state that the caller has seen, ``Rollout/tag``; nil for no condition.
    let ifMatch: String?

    init(_ call: Route.Call) throws(CommandBody.Invalid) {
        key = try call.key.map { text throws(CommandBody.Invalid) in try OrderHeaders.key(text) }
        ifMatch = try call.ifMatch.flatMap { text throws(CommandBody.Invalid) in try OrderHeaders.tag(text) }
    }

    private static func key(_ text: String) throws(CommandBody.Invalid) -> String {
        let key = unquoted(text)
        guard !key.isEmpty, key.utf8.count <= keyLimit, key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CommandBody.Invalid(
                description: "Idempotency-Key takes 1 to \(keyLimit) visible ASCII characters without spaces")
        }
        return key
    }

    /// `"checkout-r42.117"`; nil for `*`, which any state matches.
    private static func tag(_ text: String) throws(CommandBody.Invalid) -> String? {
        if text == "*" { return nil }
        guard !text.contains(","), text.utf8.count <= keyLimit else {
            throw CommandBody.Invalid(
                description: "If-Match takes one tag, as ETag had it: \"checkout-r42.117\"")
        }
        return unquoted(text.hasPrefix("W/") ? String(text.dropFirst(2)) : text)
    }

    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
    }
}
