import Foundation
import Model
import Support

/// A mail with a text and an HTML part, the same bytes at every attempt.
struct MailMessage {
    let bytes: [UInt8]

    init(_ content: MessageContent, delivery: Delivery, sender: String, recipients: [String]) {
        let host = MailAddress.domain(sender)
        let notification = content.notification
        let boundary = "=_rollguard_" + Fingerprint.of(["delivery": delivery.id])
        var lines = Self.headers(content, delivery: delivery, sender: sender, recipients: recipients, host: host)
        lines += [
            "X-Rollguard-Event: \(notification.event.rawValue)", "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;", " boundary=\"\(boundary)\"", "",
        ]
        for (type, text) in [("text/plain", Self.text(content)), ("text/html", Self.html(content))] {
            lines += ["--\(boundary)", "Content-Type: \(type); charset=utf-8"]
            lines += ["Content-Transfer-Encoding: quoted-printable", ""] + QuotedPrintable.lines(text)
        }
        lines += ["--\(boundary)--", ""]
        bytes = Array(lines.joined(separator: "\r\n").utf8)
    }

    /// The subject line stays the same through an incident, and every mail of it refers to the same root: both are how mail
    /// programs find a conversation. The state is the first line of the body.
    private static func headers(
        _ content: MessageContent, delivery: Delivery, sender: String, recipients: [String], host: String
    ) -> [String] {
        let notification = content.notification
        let place = notification.incident ?? notification.rollout
        let versions = "\(notification.canaryVersion) against \(notification.baselineVersion)"
        let about = "\(notification.release): \(versions)" + (place.map { " (\($0))" } ?? "")
        let subject = "[rollguard] " + (notification.grouped.isEmpty ? about : content.headline)
        let root = "<\(Fingerprint.of(["subject": content.subject])).rollguard@\(host)>"
        var headers = [
            "Date: \(MailDate.text(wallMs: notification.atWallMs))", "From: Rollguard <\(sender)>",
            "To: " + recipients.map { "<\($0)>" }.joined(separator: ",\r\n "),
            "Subject: " + MailHeader.encoded(MarkUp.verbatim.text(subject, limit: .characters(200))),
            "Message-ID: <\(delivery.id)@\(host)>", "In-Reply-To: \(root)", "References: \(root)",
            "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All",
        ]
        if content.severity == .critical { headers.append("Importance: high") }
        return headers
    }

    private static let layout = MessageText(markUp: .verbatim)

    private static func text(_ content: MessageContent) -> String {
        "\(MarkUp.verbatim.text(content.headline, limit: .bytes(400)))\n\n"
            + layout.text(content, limit: .bytes(16_000), includesTitle: false) + "\n"
    }

    private static func html(_ content: MessageContent) -> String {
        func shown(_ text: String) -> String { MarkUp.mailHTML.text(text, limit: .bytes(2_000)) }
        var rows = content.facts.map { ($0.name, $0.value) }
        content.advice.map { rows.append(("To do", $0)) }
        rows.append(("About", content.footer))
        let table = rows.map { row in
            "<tr><th align=\"left\" valign=\"top\">\(shown(row.0))</th><td>\(shown(row.1))</td></tr>"
        }
        let links = [("Details", content.link), ("Acknowledge", content.acknowledgeLink)].map { name, address in
            address.map { "<p><a href=\"\(MarkUp.attribute($0))\">\(name)</a></p>" } ?? ""
        }
        return "<!DOCTYPE html><html><body><h3>\(shown(content.headline))</h3><p>\(shown(content.summary))</p><table>"
            + table.joined(separator: "\n") + "</table>\(links.joined())</body></html>\n"
    }
}

extension MarkUp {
    /// A mail mentions no one, so an `@` stays.
    static let mailHTML = MarkUp { scalar in
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        default: nil
        }
    }
}

/// RFC 2045, section 6.7: lines of at most 76 characters, no bare CR or LF, no line that is a lone dot.
enum QuotedPrintable {
    private static let digits = Array("0123456789ABCDEF".utf8)

    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { folded(Array($0.utf8)) }
    }

    private static func folded(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var line: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let piece = encoded(byte, isLast: index == bytes.count - 1, isFirst: line.isEmpty)
            if line.count + piece.count > 75 {
                lines.append(String(decoding: line + [0x3D], as: UTF8.self))
                line = []
            }
            line += piece
        }
        return lines + [String(decoding: line, as: UTF8.self)]
    }

    /// A blank at the end of a line may be lost on the way, and a dot at its beginning may end the mail.
    private static func encoded(_ byte: UInt8, isLast: Bool, isFirst: Bool) -> [UInt8] {
        let isPlain =
            switch byte {
            case 0x3D: false
            case 0x20, 0x09: !isLast
            case 0x2E: !isFirst
            default: (0x21...0x7E).contains(byte)
            }
        return isPlain ? [byte] : [0x3D, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}

/// RFC 2047: what is not ASCII in a header, in parts of at most 75 characters on lines of their own.
enum MailHeader {
    static func encoded(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) || text.contains("=?") || text.utf8.count > 900
        else {
            return text
        }
        var parts: [[UInt8]] = []
        var part: [UInt8] = []
        // 45 bytes are 60 characters of Base64. A scalar is never divided.
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if part.count + bytes.count > 45 {
                parts.append(part)
                part = []
            }
            part += bytes
        }
        parts.append(part)
        return parts.map { "=?utf-8?B?\(Data($0).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }
}

/// RFC 5322, section 3.3, in UTC: `Tue, 14 Nov 2023 22:13:20 +0000`.
enum MailDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(wallMs: Int64) -> String {
        let time = WallTime(wallMs: wallMs)
        let text = time.description
        let number = Int((Double(time.wallMs) / 86_400_000).rounded(.down))
        let day = days[((number % 7) + 7) % 7]
        let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
        let clock = text.dropFirst(11).prefix(8)
        return "\(day), \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(clock) +0000"
    }
}
