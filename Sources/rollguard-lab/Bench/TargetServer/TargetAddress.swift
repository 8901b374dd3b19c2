/// Each target has a loopback address of its own, so that everybody sees distinct instances and keeps a connection to each.
/// All of them are one port of one listener: Linux answers for the whole of 127.0.0.0/8.
enum TargetAddress {
    /// The most targets that there are addresses for.
    static let limit = 200 * 250 * 250

    /// `127.10.0.1` for the first target.
    static func host(of target: Int) -> String {
        "127.\(10 + target / 62_500).\(target / 250 % 250).\(1 + target % 250)"
    }

    /// The target behind an address; nil for an address that is none of ours.
    static func target(of host: String) -> Int? {
        let parts = host.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4, parts[0] == 127, (10..<210).contains(parts[1]) else { return nil }
        guard (0..<250).contains(parts[2]), (1...250).contains(parts[3]) else { return nil }
        return (parts[1] - 10) * 62_500 + parts[2] * 250 + parts[3] - 1
    }
}
