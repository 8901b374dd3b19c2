/// One line per step, folded into a digest. Two runs with the same digest went the same way.
struct Trace {
    /// FNV-1a over all lines, 64 bits: the same in every process, unlike Swift's `Hasher`.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var steps = 0
    private let sink: ((String) -> Void)?

    init(sink: ((String) -> Void)?) { self.sink = sink }

    mutating func note(_ timeMs: Int64, _ text: String) {
        steps += 1
        fold(UInt64(bitPattern: timeMs))
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        if let sink { sink("\(Trace.clock(timeMs))  \(text)") }
    }

    private mutating func fold(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            digest = (digest ^ (number >> shift & 0xff)) &* 0x0000_0100_0000_01b3
        }
    }

    /// `  12.345`, seconds.
    static func clock(_ timeMs: Int64) -> String {
        let (seconds, rest) = timeMs.quotientAndRemainder(dividingBy: 1_000)
        let fraction = String(rest + 1_000).dropFirst()
        let text = "\(seconds).\(fraction)"
        return String(repeating: " ", count: max(0, 9 - text.count)) + text
    }
}
