import Model
import Support

/// A record of RFC 5424: `<132>1 2026-11-28T20:00:31.000Z host rollguard - rollback_abandoned [rollguard@32473 …] text`.
struct SyslogRecord: Sendable {
    /// rsyslog cuts records above 8 096 bytes, and takes the rest for another record.
    static let limitBytes = 7_168

    let bytes: [UInt8]

    /// With its length in front (RFC 6587, section 3.4.1): a line break within a record does not end it.
    var counted: [UInt8] { Array("\(bytes.count) ".utf8) + bytes }

    init(_ content: MessageContent, delivery: Delivery, facility: SyslogKind.Facility, host: String) {
        let notification = content.notification
        let priority = facility.code * 8 + SyslogRecord.level(content)
        let time = WallTime(wallMs: notification.atWallMs).description
        let event = notification.event.rawValue.prefix(32)
        var head = "<\(priority)>1 \(time) \(SyslogRecord.host(host)) rollguard - \(event) "
        head += SyslogRecord.data(notification, delivery)
        // The byte order mark says that the text is UTF-8.
        head += " \u{FEFF}"
        let room = SyslogRecord.limitBytes - head.utf8.count
        let text = SyslogRecord.layout.text(content, limit: .bytes(max(0, room)))
        bytes = Array((head + text).utf8)
    }

    private static let layout = MessageText(markUp: .verbatim, lineBreak: "; ")

    /// RFC 5424, section 6.2.1.
    private static func level(_ content: MessageContent) -> Int {
        switch content.severity {
        case .critical: 2
        case .warning: 4
        case .info: 5
        }
    }

    /// 32473 is the number for examples of RFC 5612, which no organization has.
    private static func data(_ notification: Notification, _ delivery: Delivery) -> String {
        let pairs = [
            ("release", notification.release), ("canary", notification.canaryVersion),
            ("baseline", notification.baselineVersion), ("incident", notification.incident ?? ""),
            ("rollout", notification.rollout ?? ""), ("delivery", delivery.id),
        ]
        let shown = pairs.filter { !$0.1.isEmpty }.map { "\($0.0)=\"\(escaped($0.1))\"" }
        return "[rollguard@32473 \(shown.joined(separator: " "))]"
    }

    private static let parameter = MarkUp { scalar in
        switch scalar {
        case "\"", "\\", "]": "\\\(scalar)"
        default: nil
        }
    }

    private static func escaped(_ text: String) -> String { parameter.text(text, limit: .bytes(300)) }

    /// Visible ASCII, at most 255.
    private static func host(_ name: String) -> String {
        let plain = name.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.map(Character.init)
        return plain.isEmpty ? "-" : String(plain.prefix(255))
    }
}
