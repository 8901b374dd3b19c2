import Foundation

/// An IPv4 or IPv6 address. An IPv4 address inside IPv6 (`::ffff:10.0.0.1`) is the IPv4 address: a listener on `::` sees
/// IPv4 clients that way, and they must not slip past a table that lists them as IPv4.
struct NetworkAddress: Sendable, Hashable {
    enum Family: Sendable, Hashable { case v4, v6 }

    let family: Family
    /// Right-aligned: an IPv4 address has the value 0...2^32 - 1.
    let value: UInt128

    init?(_ text: String) {
        guard text.utf8.count <= 45 else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(v4: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let value = withUnsafeBytes(of: &six) { $0.reduce(UInt128(0)) { ($0 << 8) | UInt128($1) } }
        if value >> 32 == 0xFFFF {
            self.init(v4: UInt32(truncatingIfNeeded: value))
        } else {
            self.init(family: .v6, value: value)
        }
    }

    private init(v4: UInt32) { self.init(family: .v4, value: UInt128(v4)) }

    private init(family: Family, value: UInt128) {
        self.family = family
        self.value = value
    }

    var bits: Int { family == .v4 ? 32 : 128 }

    /// The address without the part that differs within a network of this prefix length (0...bits).
    func prefix(_ length: Int) -> UInt128 {
        let dropped = bits - length
        return dropped >= 128 ? 0 : (value >> UInt128(dropped)) << UInt128(dropped)
    }

    /// The address as bytes, the family first: what is hashed for a client without a user.
    var bytes: [UInt8] {
        let width = family == .v4 ? 4 : 16
        return [UInt8(width)] + (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt128(8 * (width - 1 - $0))) }
    }
}
