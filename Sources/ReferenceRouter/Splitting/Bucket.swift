import Crypto

/// The stable place of a user or an address among 10 000: the first 8 bytes of SHA-256, big-endian, modulo 10 000.
///
/// Every router with the same split sends a user to the same version, whatever machine or release it runs on, and anybody
/// can compute it: `printf 'user-1' | sha256sum`. The modulus favours low buckets by less than 10^-15.
enum Bucket {
    static let count = 10_000

    static func of(user: String) -> Int { of(Array(user.utf8)) }

    static func of(_ address: NetworkAddress) -> Int { of(address.bytes) }

    private static func of(_ bytes: [UInt8]) -> Int {
        var head: UInt64 = 0
        for byte in SHA256.hash(data: bytes).prefix(8) { head = head << 8 | UInt64(byte) }
        return Int(head % UInt64(count))
    }
}
