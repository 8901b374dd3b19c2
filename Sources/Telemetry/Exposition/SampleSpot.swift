/// The place of a sample in its scrape body: places and the value, no copies of text. The scanner uses one again and
/// again.
struct SampleSpot {
    /// A piece of the scrape body.
    struct Piece {
        // Half the size of `Int`: labels are written and read for every sample. Scrape bodies beyond 2 GiB are refused.
        private var first: Int32 = 0
        private var afterLast: Int32 = 0
        /// Holds a backslash: the text is not what is in the scrape body.
        var isEscaped = false

        init() {}

        init(start: Int, end: Int, isEscaped: Bool = false) {
            first = Int32(truncatingIfNeeded: start)
            afterLast = Int32(truncatingIfNeeded: end)
            self.isEscaped = isEscaped
        }

        var start: Int { Int(first) }
        var end: Int {
            get { Int(afterLast) }
            set { afterLast = Int32(truncatingIfNeeded: newValue) }
        }
        var range: Range<Int> { start..<end }
        var count: Int { end - start }
    }

    struct Label {
        var name: Piece
        /// Without the quotes.
        var value: Piece
    }

    /// The metric's name, without quotes.
    var name = Piece()
    var hasName = false
    /// From the name or the opening brace to the closing brace: equal text is an equal series.
    var series = Piece()
    var labels: [Label] = []
    var value = 0.0
    /// Where the value is.
    var number = Piece()
    /// Milliseconds since the epoch, where the scrape body gives one.
    var timestampMs: Int64?
    var hasExemplar = false

    mutating func begin(at position: Int) {
        hasName = false
        labels.removeAll(keepingCapacity: true)
        series = Piece(start: position, end: position)
        timestampMs = nil
        hasExemplar = false
    }

    /// The piece's text, with the three escapes `\\`, `\"` and `\n` undone. Other backslashes are literal.
    static func text(_ piece: Piece, in body: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(piece.count)
        var index = piece.start
        while index < piece.end {
            let byte = body[index]
            index += 1
            guard byte == Byte.backslash, index < piece.end else {
                bytes.append(byte)
                continue
            }
            switch body[index] {
            case Byte.backslash, Byte.quote: bytes.append(body[index])
            case Byte.n: bytes.append(Byte.newline)
            default: bytes += [byte, body[index]]
            }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Bytes with a meaning in the formats.
enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let comma = UInt8(ascii: ",")
    static let equals = UInt8(ascii: "=")
    static let backslash = UInt8(ascii: "\\")
    static let open = UInt8(ascii: "{")
    static let close = UInt8(ascii: "}")
    static let n = UInt8(ascii: "n")
    static let plus = UInt8(ascii: "+")
    static let minus = UInt8(ascii: "-")
    static let dot = UInt8(ascii: ".")

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// `[a-zA-Z_]`
    @inline(__always)
    static func startsLabel(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte == 0x5F }

    /// `[a-zA-Z0-9_]`, and `:` where it is allowed.
    @inline(__always)
    static func continuesName(_ byte: UInt8, allowsColon: Bool) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < (allowsColon ? 11 : 10) || byte == 0x5F
    }

    /// `[a-zA-Z_:]`
    @inline(__always)
    static func startsMetric(_ byte: UInt8) -> Bool { startsLabel(byte) || byte == 0x3A }
}
