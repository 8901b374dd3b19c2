import Crypto
import Model
import Ports

/// Proves to a receiver that a body is ours and young: HMAC-SHA256 (RFC 2104) over `timestamp.body`.
enum Signature {
    /// `Rollguard-Timestamp: 1700000000` and `Rollguard-Signature: v1=<hex>`.
    static func headers(body: [UInt8], secret: String, wallMs: Int64) -> [TextPair] {
        let timestamp = String(wallMs / 1_000)
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(timestamp).".utf8) + body, using: SymmetricKey(data: Array(secret.utf8)))
        return [
            TextPair("Rollguard-Timestamp", timestamp), TextPair("Rollguard-Signature", "v1=" + hexadecimal(code)),
        ]
    }

    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// The headers that every webhook of ours has.
struct SignedHeaders: Sendable {
    let plan: ReceiverPlan
    let secrets: any SecretStore
    let clock: @Sendable () -> Int64

    /// - Throws: ``SecretError``; the file may be on its way, so it is worth another try.
    func make(_ delivery: Delivery, body: [UInt8]) throws(SecretError) -> [TextPair] {
        let event = delivery.notification.event.rawValue
        return try make(id: delivery.id, event: event, attempt: delivery.attempt, body: body)
    }

    func make(id: String, event: String, attempt: Int, body: [UInt8]) throws(SecretError) -> [TextPair] {
        let common = [
            TextPair("Rollguard-Delivery", id), TextPair("Rollguard-Event", event),
            TextPair("Rollguard-Attempt", String(attempt)),
        ]
        guard let reference = plan.secret else { return common }
        return common + Signature.headers(body: body, secret: try secrets.secret(reference), wallMs: clock())
    }
}
