/// A number in an exposition: a linear function of the service's traffic, so that counters never fall and the same
/// traffic always gives the same exposition.
struct ValueSlot: Sendable, Equatable {
    var base = 0.0
    var perRequest = 0.0
    var perError = 0.0
    /// Written with three digits after the point.
    var isDecimal = false

    func value(_ traffic: Traffic) -> Double {
        max(0, base + perRequest * traffic.requests + perError * traffic.errors)
    }

    /// The most bytes that a number takes: 16 digits, a point and three more.
    static let byteLimit = 20
    private static let largest = 9e15

    /// Writes the number and returns how many bytes it took.
    func write(_ traffic: Traffic, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        let value = min(value(traffic), ValueSlot.largest)
        let whole = UInt64(value)
        var count = ValueSlot.write(whole, to: bytes)
        guard isDecimal else { return count }
        var thousandths = UInt64((value - Double(whole)) * 1_000)
        bytes[count] = UInt8(ascii: ".")
        for index in [3, 2, 1] {
            bytes[count + index] = UInt8(ascii: "0") + UInt8(thousandths % 10)
            thousandths /= 10
        }
        count += 4
        return count
    }

    private static func write(_ number: UInt64, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        var count = 1
        var limit: UInt64 = 10
        while number >= limit {
            count += 1
            limit *= 10
        }
        var rest = number
        for index in stride(from: count - 1, through: 0, by: -1) {
            bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return count
    }
}
