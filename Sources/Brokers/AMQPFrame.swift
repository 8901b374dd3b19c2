/// A frame of AMQP 0-9-1, and the fields that it is made of.
///
/// Source: "AMQP 0-9-1 specification", sections 2.3 and 4.2.
struct AMQPFrame: Sendable, Equatable {
    static let method: UInt8 = 1
    static let header: UInt8 = 2
    static let body: UInt8 = 3
    static let end: UInt8 = 0xCE

    var type: UInt8
    var channel: UInt16
    var payload: [UInt8]

    /// As it goes over the wire.
    var bytes: [UInt8] {
        var writer = AMQPWriter()
        writer.add(type)
        writer.add(channel)
        writer.add(UInt32(payload.count))
        return writer.bytes + payload + [AMQPFrame.end]
    }

    /// The frame of a method.
    static func method(_ method: AMQPMethod, on channel: UInt16, _ arguments: (inout AMQPWriter) -> Void) -> AMQPFrame {
        var writer = AMQPWriter()
        writer.add(method.group)
        writer.add(method.number)
        arguments(&writer)
        return AMQPFrame(type: AMQPFrame.method, channel: channel, payload: writer.bytes)
    }

    /// Nil for a frame that is no method's.
    var called: (method: AMQPMethod, arguments: AMQPReader)? {
        guard type == AMQPFrame.method else { return nil }
        var reader = AMQPReader(payload)
        guard let group = reader.short(), let number = reader.short() else { return nil }
        return (AMQPMethod(group: group, number: number), reader)
    }
}

/// A method by its numbers.
struct AMQPMethod: Sendable, Equatable {
    let group: UInt16
    let number: UInt16

    static let start = AMQPMethod(group: 10, number: 10)
    static let startOk = AMQPMethod(group: 10, number: 11)
    static let tune = AMQPMethod(group: 10, number: 30)
    static let tuneOk = AMQPMethod(group: 10, number: 31)
    static let open = AMQPMethod(group: 10, number: 40)
    static let openOk = AMQPMethod(group: 10, number: 41)
    static let close = AMQPMethod(group: 10, number: 50)
    static let closeOk = AMQPMethod(group: 10, number: 51)
    static let channelOpen = AMQPMethod(group: 20, number: 10)
    static let channelOpenOk = AMQPMethod(group: 20, number: 11)
    static let channelClose = AMQPMethod(group: 20, number: 40)
    static let publish = AMQPMethod(group: 60, number: 40)
    static let returned = AMQPMethod(group: 60, number: 50)
    static let ack = AMQPMethod(group: 60, number: 80)
    static let nack = AMQPMethod(group: 60, number: 120)
    static let select = AMQPMethod(group: 85, number: 10)
    static let selectOk = AMQPMethod(group: 85, number: 11)
}

/// Writes fields in network order.
struct AMQPWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    /// At most 255 bytes; the rest is cut.
    mutating func addShort(_ text: String) {
        let part = text.utf8.prefix(255)
        add(UInt8(part.count))
        bytes += part
    }

    mutating func addLong(_ text: String) {
        add(UInt32(text.utf8.count))
        bytes += Array(text.utf8)
    }

    /// A table that is ready.
    mutating func addTable(_ fields: (inout AMQPWriter) -> Void) {
        var table = AMQPWriter()
        fields(&table)
        add(UInt32(table.bytes.count))
        bytes += table.bytes
    }

    mutating func addFlag(_ name: String, _ value: Bool) {
        addShort(name)
        bytes += Array("t".utf8) + [value ? 1 : 0]
    }
}

/// Reads fields; nil past the end.
struct AMQPReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func short() -> UInt16? { byte().flatMap { high in byte().map { UInt16(high) << 8 | UInt16($0) } } }

    mutating func long() -> UInt32? { short().flatMap { high in short().map { UInt32(high) << 16 | UInt32($0) } } }

    mutating func shortText() -> String? {
        guard let count = byte(), rest.count >= Int(count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
    }
}
