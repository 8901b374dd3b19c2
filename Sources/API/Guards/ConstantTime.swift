/// Comparing secrets.
enum ConstantTime {
    /// Whether both are the same, in a time that depends on the length of what was presented and on nothing in the secret,
    /// so that a caller cannot find the secret byte by byte from the answer's delay.
    static func equal(presented: String, secret: String) -> Bool {
        let presented = Array(presented.utf8)
        let secret = Array(secret.utf8)
        guard !secret.isEmpty else { return false }
        var difference = presented.count ^ secret.count
        for index in presented.indices {
            difference |= Int(presented[index] ^ secret[index % secret.count])
        }
        return difference == 0
    }
}
