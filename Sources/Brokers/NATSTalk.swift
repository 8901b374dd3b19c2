import Foundation
import Model
import Ports

/// NATS' text protocol, as far as one request needs it: CONNECT, SUB, HPUB, and one message back.
///
/// Source: docs.nats.io, "Client Protocol" and "JetStream wire API reference".
struct NATSTalk: Sendable {
    let broker: BrokerAddress
    let login: BrokerLogin

    /// Publishes to a stream. A second message with the same id within the stream's `duplicate_window` is not stored.
    func publish(_ message: BrokerMessage, subject: String) async throws(BrokerTrouble) -> BrokerOutcome {
        let headers = [("Nats-Msg-Id", message.id), ("Content-Type", BrokerMessage.contentType)]
        let answer = try await exchange(subject, headers, message.body)
        guard let document = try? JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] else {
            throw BrokerTrouble(.lost, "\(broker.text): the answer is not JetStream's")
        }
        if let error = document["error"] as? [String: Any] {
            let text = "\(broker.text): \(error["description"] as? String ?? "JetStream refuses the message")"
            // JSStreamMessageExceedsMaximumErr
            return (error["err_code"] as? Int) == 10_054 ? .refused(text) : .failed(text)
        }
        guard document["stream"] is String, document["seq"] is Int else {
            throw BrokerTrouble(.lost, "\(broker.text): the answer is not JetStream's")
        }
        return .stored(isDuplicate: document["duplicate"] as? Bool ?? false)
    }

    func ask(_ subject: String, _ body: [UInt8]) async throws(BrokerTrouble) -> [UInt8] {
        try await exchange(subject, [], body)
    }

    private func exchange(
        _ subject: String, _ headers: [(String, String)], _ body: [UInt8]
    ) async throws(BrokerTrouble) -> [UInt8] {
        guard NATSTalk.isSubject(subject) else {
            throw BrokerTrouble(.refused, "\(broker.text): '\(subject)' is no subject to publish to")
        }
        let inbox = "_INBOX.rollguard.\(UUID().uuidString)"
        let message = NATSTalk.message(subject, inbox, headers, body)
        return try await BrokerLink.talk(to: broker, laterTLS: true) { link in
            try await open(&link)
            try await link.write(Array("SUB \(inbox) 1\r\n".utf8) + message)
            return try await answer(&link)
        }
    }

    /// Neither empty, nor with wildcards or blanks, which would end the command.
    static func isSubject(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2A && $0 != 0x3E }
    }

    /// `HPUB subject reply length-of-headers length`, headers, body.
    static func message(_ subject: String, _ reply: String, _ headers: [(String, String)], _ body: [UInt8]) -> [UInt8] {
        var head = "NATS/1.0\r\n"
        for (name, value) in headers {
            // A line break in a value would be a header of its own.
            head += "\(name): \(String(value.unicodeScalars.filter { $0.value >= 0x20 }.map(Character.init)))\r\n"
        }
        head += "\r\n"
        let command = "HPUB \(subject) \(reply) \(head.utf8.count) \(head.utf8.count + body.count)\r\n"
        return Array((command + head).utf8) + body + Array("\r\n".utf8)
    }

    /// Until the server has answered the first PING: the login is accepted then.
    private func open(_ link: inout BrokerLink) async throws {
        let info = try await link.line()
        guard info.hasPrefix("INFO "),
            let offer = try? JSONSerialization.jsonObject(with: Data(info.dropFirst(5).utf8)) as? [String: Any]
        else { throw BrokerTrouble(.unreachable, "it does not speak as a NATS server does") }
        guard offer["headers"] as? Bool == true else {
            throw BrokerTrouble(.unreachable, "the server is too old: it has no headers")
        }
        if broker.scheme == .natsTLS {
            try await link.startTLS(broker)
        } else if offer["tls_required"] as? Bool == true {
            throw BrokerTrouble(.unreachable, "the server wants TLS; write tls:// in front of its address")
        }
        try await link.write("CONNECT \(connect)\r\nPING\r\n")
        while try await next(&link) != .pong {}
    }

    private var connect: String {
        var members: [String: Any] = [
            "verbose": false, "pedantic": false, "tls_required": broker.scheme.isTLS, "name": "rollguard",
            "lang": "swift", "version": "1", "protocol": 1, "headers": true, "no_responders": true,
        ]
        if let user = login.user {
            (members["user"], members["pass"]) = (user, login.password ?? "")
        } else if let token = login.password {
            members["auth_token"] = token
        }
        let data = try? JSONSerialization.data(withJSONObject: members, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private enum Operation: Equatable {
        case pong
        case message(status: String?, [UInt8])
        case other
    }

    private func answer(_ link: inout BrokerLink) async throws -> [UInt8] {
        while true {
            guard case .message(let status, let body) = try await next(&link) else { continue }
            if status == "503" { throw BrokerTrouble(.unreachable, "no stream and no service takes the subject") }
            if let status { throw BrokerTrouble(.lost, "it answers with status \(status)") }
            return body
        }
    }

    private func next(_ link: inout BrokerLink) async throws -> Operation {
        let line = try await link.line()
        let parts = line.split(separator: " ")
        switch parts.first?.uppercased() {
        case "PONG": return .pong
        case "PING":
            try await link.write("PONG\r\n")
            return .other
        case "-ERR":
            let isLogin = line.lowercased().contains("authorization") || line.lowercased().contains("permissions")
            throw BrokerTrouble(isLogin ? .forbidden : .lost, String(line.dropFirst(5).prefix(200)))
        case "MSG":
            let body = try await link.bytes(parts.last.flatMap { Int($0) } ?? -1)
            _ = try await link.line()
            return .message(status: nil, body)
        case "HMSG":
            guard parts.count >= 5, let head = Int(parts[parts.count - 2]), let total = Int(parts[parts.count - 1]),
                head >= 0, total >= head
            else { throw BrokerTrouble(.lost, "the answer is not NATS' protocol") }
            let bytes = try await link.bytes(total)
            _ = try await link.line()
            return .message(status: NATSTalk.status(bytes.prefix(head)), Array(bytes.dropFirst(head)))
        default: return .other
        }
    }

    /// `503` of `NATS/1.0 503`; nil for headers without a status.
    static func status(_ head: some Collection<UInt8>) -> String? {
        let line = String(decoding: head, as: UTF8.self).prefix { $0 != "\r\n" && $0 != "\r" && $0 != "\n" }
        let parts = line.split(separator: " ")
        return parts.count > 1 ? String(parts[1]) : nil
    }
}
