import Model
import Ports

/// Adds an entry to a stream of Redis, once per id.
///
/// An id of a stream's entry has to be larger than all before it, and the clock of a daemon may be set back; so the entry gets
/// Redis' own id, and the event's id is remembered in a key beside the stream. Both happen in one script, which Redis runs as a whole.
struct RedisTalk: Sendable {
    let broker: BrokerAddress
    let login: BrokerLogin

    /// Source: redis.io, commands `EVAL`, `XADD`, `SET`.
    static let script = """
        local known = redis.call('GET', KEYS[2])
        if known then return 'known ' .. known end
        local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'id', ARGV[3], 'type', ARGV[4], 'event', ARGV[5])
        redis.call('SET', KEYS[2], id, 'EX', ARGV[2])
        return 'added ' .. id
        """

    func add(
        _ message: BrokerMessage, stream: String, length: Int, rememberedSeconds: Int
    ) async throws(BrokerTrouble) -> BrokerOutcome {
        // The braces keep both keys on one node of a cluster.
        let known = "{\(stream)}:rollguard:\(message.id)"
        let command: [[UInt8]] =
            [
                "EVAL", RedisTalk.script, "2", stream, known, "\(length)", "\(rememberedSeconds)", message.id,
                message.type,
            ]
            .map { Array($0.utf8) } + [message.body]
        let answer = try await run(command)
        if answer.hasPrefix("known ") { return .stored(isDuplicate: true) }
        guard answer.hasPrefix("added ") else {
            throw BrokerTrouble(.lost, "\(broker.text): the answer is not Redis'")
        }
        return .stored(isDuplicate: false)
    }

    private func run(_ command: [[UInt8]]) async throws(BrokerTrouble) -> String {
        try await BrokerLink.talk(to: broker) { link in
            if let password = login.password {
                let parts = ["AUTH"] + (login.user.map { [$0] } ?? []) + [password]
                try await link.write(RedisTalk.bytes(parts.map { Array($0.utf8) }))
                _ = try await answer(&link)
            }
            try await link.write(RedisTalk.bytes(command))
            return try await answer(&link)
        }
    }

    /// A command as an array of bulk strings (RESP 2).
    static func bytes(_ command: [[UInt8]]) -> [UInt8] {
        command.reduce(into: Array("*\(command.count)\r\n".utf8)) { bytes, part in
            bytes += Array("$\(part.count)\r\n".utf8) + part + [0x0D, 0x0A]
        }
    }

    private func answer(_ link: inout BrokerLink) async throws -> String {
        let line = try await link.line()
        switch line.first {
        case "+": return String(line.dropFirst())
        case "$":
            let text = try await link.bytes(Int(line.dropFirst()) ?? -1)
            _ = try await link.line()
            return String(decoding: text, as: UTF8.self)
        case "-": throw RedisTalk.trouble(String(line.dropFirst().prefix(200)))
        default: throw BrokerTrouble(.lost, "the answer is not Redis' protocol")
        }
    }

    private static func trouble(_ text: String) -> BrokerTrouble {
        let code = text.prefix { $0 != " " }
        return BrokerTrouble(["NOAUTH", "WRONGPASS", "NOPERM"].contains(code) ? .forbidden : .unreachable, text)
    }
}
