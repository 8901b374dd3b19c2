/// Questions to name servers and their answers, in the format of RFC 1035, section 4.
enum DNSMessage {
    /// The types that a source can ask for.
    enum RecordType: UInt16, Sendable {
        case a = 1
        case aaaa = 28
        case srv = 33
    }

    /// What the server said of the question.
    enum Outcome: Sendable, Equatable {
        /// Records of the wanted type; the others of the answer, such as aliases, are left out.
        case records([Record])
        /// The name does not exist.
        case noSuchName
        /// The message did not fit; the question has to be asked over TCP.
        case truncated
        /// SERVFAIL, REFUSED and the like, with the code of RFC 1035, section 4.1.1.
        case refused(code: UInt8)
    }

    enum Record: Sendable, Hashable {
        /// As text: `10.0.0.1`, `2001:db8::1`.
        case address(String)
        /// The target ends in a dot; `.` alone means that the service is not offered here.
        case service(target: String, port: UInt16)
    }

    enum Malformed: Error { case message }

    /// Announced with EDNS0 (RFC 6891): what fits into one packet on nearly every path.
    static let udpBytes: UInt16 = 1_232

    /// - Returns: nil for a name that cannot be asked for: an empty label, one of more than 63 bytes, or more than
    ///   255 bytes.
    static func question(_ name: String, _ type: RecordType, id: UInt16) -> [UInt8]? {
        guard let encoded = encoded(name) else { return nil }
        var bytes: [UInt8] = []
        // Recursion is desired; one question, one additional record.
        for number in [id, 0x0100, 1, 0, 0, 1] as [UInt16] { bytes.add(number) }
        bytes += encoded
        bytes.add(type.rawValue)
        bytes.add(1)
        // OPT: the root, type 41, our size as the class, no flags, no data.
        bytes.append(0)
        for number in [41, udpBytes, 0, 0, 0] as [UInt16] { bytes.add(number) }
        return bytes
    }

    /// - Throws: ``Malformed`` for what is no answer to this question.
    static func outcome(of bytes: [UInt8], to question: [UInt8]) throws(Malformed) -> Outcome {
        var reader = DNSReader(bytes)
        guard try reader.number() == identifier(question), bytes.count >= 12 else { throw .message }
        let flags = try reader.number()
        let (questions, answers) = (try reader.number(), try reader.number())
        reader.position = 12
        guard flags & 0x8000 != 0, questions == 1 else { throw .message }
        let wanted = try asked(in: question)
        let (name, type, _) = (try reader.name(), try reader.number(), try reader.number())
        guard type == wanted.type, name.lowercased() == wanted.name.lowercased() else { throw .message }
        if flags & 0x0200 != 0 { return .truncated }
        switch UInt8(flags & 0x000F) {
        case 0: return .records(try records(&reader, count: Int(answers), type: type))
        case 3: return .noSuchName
        case let code: return .refused(code: code)
        }
    }

    static func identifier(_ message: [UInt8]) -> UInt16? {
        message.count >= 2 ? UInt16(message[0]) << 8 | UInt16(message[1]) : nil
    }

    private static func asked(in question: [UInt8]) throws(Malformed) -> (name: String, type: UInt16) {
        var reader = DNSReader(question)
        reader.position = 12
        return (try reader.name(), try reader.number())
    }

    private static func records(_ reader: inout DNSReader, count: Int, type: UInt16) throws(Malformed) -> [Record] {
        var records: [Record] = []
        for _ in 0..<count {
            _ = try reader.name()
            let (found, group) = (try reader.number(), try reader.number())
            reader.position += 4
            let length = Int(try reader.number())
            let end = reader.position + length
            guard end <= reader.bytes.count else { throw .message }
            if found == type, group == 1 { records.append(try record(&reader, type, length)) }
            reader.position = end
        }
        return records
    }

    private static func record(_ reader: inout DNSReader, _ type: UInt16, _ length: Int) throws(Malformed) -> Record {
        switch RecordType(rawValue: type) {
        case .a where length == 4:
            return .address(try reader.take(4).map(String.init).joined(separator: "."))
        case .aaaa where length == 16:
            return .address(IPv6Text.text(try reader.take(16)))
        case .srv where length > 6:
            reader.position += 4
            let port = try reader.number()
            return .service(target: try reader.name(), port: port)
        default: throw .message
        }
    }

    private static func encoded(_ name: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for (index, label) in labels.enumerated() {
            // The dot at the end of a complete name.
            if label.isEmpty, index == labels.count - 1, index > 0 { break }
            guard (1...63).contains(label.count) else { return nil }
            bytes += [UInt8(label.count)] + label
        }
        return bytes.count < 255 ? bytes + [0] : nil
    }
}

extension [UInt8] {
    /// The most significant byte first.
    fileprivate mutating func add(_ number: UInt16) { self += [UInt8(number >> 8), UInt8(number & 0xFF)] }
}

/// Reads a message; what lies beyond its end is an error.
private struct DNSReader {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func take(_ count: Int) throws(DNSMessage.Malformed) -> ArraySlice<UInt8> {
        guard position >= 0, count <= bytes.count - position else { throw .message }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func number() throws(DNSMessage.Malformed) -> UInt16 {
        let pair = try take(2)
        return UInt16(pair[pair.startIndex]) << 8 | UInt16(pair[pair.startIndex + 1])
    }

    /// With a dot at its end. Pointers lead backwards only, so that they end.
    mutating func name() throws(DNSMessage.Malformed) -> String {
        var name = ""
        var end: Int?
        var earliest = position
        while true {
            let length = Int(try take(1).first ?? 0)
            switch length {
            case 0:
                if let end { position = end }
                return name.isEmpty ? "." : name
            case 1...63:
                for byte in try take(length) { name += DNSReader.shown(byte) }
                name += "."
                guard name.utf8.count <= 1_100 else { throw .message }
            case 0xC0...0xFF:
                let target = (length & 0x3F) << 8 | Int(try take(1).first ?? 0)
                guard target < earliest else { throw .message }
                end = end ?? position
                earliest = target
                position = target
            default: throw .message
            }
        }
    }

    /// As RFC 1035, section 5.1 writes it: other characters as `\DDD`.
    private static func shown(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            String(UnicodeScalar(byte))
        default: "\\" + String(repeating: "0", count: byte < 10 ? 2 : byte < 100 ? 1 : 0) + String(byte)
        }
    }
}

/// IPv6 addresses as RFC 5952 writes them.
private enum IPv6Text {
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let bytes = Array(bytes)
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        let shown = groups.map { String($0, radix: 16) }
        guard let zeros = longestZeros(groups) else { return shown.joined(separator: ":") }
        return shown[..<zeros.lowerBound].joined(separator: ":") + "::"
            + shown[zeros.upperBound...].joined(separator: ":")
    }

    /// The longest run of two zeros or more; of several the first.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let begin = start {
                if index - begin > max(1, longest?.count ?? 1) { longest = begin..<index }
                start = nil
            }
        }
        return longest
    }
}
