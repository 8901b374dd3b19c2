import NIOCore

/// An answer of Redis.
///
/// Source: Redis' manual, "RESP protocol specification", version 2.
indirect enum RedisReply: Sendable, Equatable {
    case text(String)
    case error(String)
    case number(Int)
    case missing
    case list([RedisReply])

    /// Not RESP, or nested too deep.
    struct Malformed: Error {}

    private static let depthLimit = 8

    /// - Returns: nil while the answer is not whole; then nothing is taken from the buffer.
    static func read(from buffer: inout ByteBuffer, depth: Int = 0) throws -> RedisReply? {
        let start = buffer
        guard depth < depthLimit else { throw Malformed() }
        guard let line = line(from: &buffer), let kind = line.first else { return rewound(&buffer, start) }
        let rest = String(line.dropFirst())
        switch kind {
        case "+": return .text(rest)
        case "-": return .error(rest)
        case ":": return .number(try whole(rest))
        case "$":
            let count = try whole(rest)
            guard count >= 0 else { return .missing }
            guard let text = buffer.readString(length: count), buffer.readString(length: 2) != nil else {
                return rewound(&buffer, start)
            }
            return .text(text)
        case "*":
            let count = try whole(rest)
            guard count >= 0 else { return .missing }
            var items: [RedisReply] = []
            for _ in 0..<count {
                guard let item = try read(from: &buffer, depth: depth + 1) else { return rewound(&buffer, start) }
                items.append(item)
            }
            return .list(items)
        default: throw Malformed()
        }
    }

    private static func rewound(_ buffer: inout ByteBuffer, _ start: ByteBuffer) -> RedisReply? {
        buffer = start
        return nil
    }

    private static func line(from buffer: inout ByteBuffer) -> String? {
        let view = buffer.readableBytesView
        guard let end = view.firstIndex(of: 0x0A) else { return nil }
        let text = buffer.readString(length: end - view.startIndex + 1) ?? ""
        let isWhole = text.hasSuffix("\r\n")
        return isWhole ? String(text.dropLast()) : nil
    }

    private static func whole(_ text: String) throws -> Int {
        guard let number = Int(text), number <= 1 << 20 else { throw Malformed() }
        return number
    }
}
