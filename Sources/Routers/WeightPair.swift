import Model

/// Two whole weights with a fixed sum, for routers that take weights.
struct WeightPair: Sendable, Equatable {
    let baseline: Int
    let canary: Int

    /// The canary's part is rounded down: never more than was asked for. With a sum of 100, 12.5 % is 12 to 88.
    ///
    /// - Parameter aim: with `turned`, the two weights are those of the settings' sides, of which the baseline's is the
    ///   canary's part.
    init(_ split: Split, total: Int, aim: RouterAim = .direct) {
        let part = split.canaryBasisPoints * total / 10_000
        (baseline, canary) = aim.sides(total - part, part)
    }

    /// The smallest step of the share, in basis points.
    static func granularityBasisPoints(total: Int) -> Int { max(1, (10_000 + total - 1) / total) }

    static func check(total: Int) throws(RouterPlanError) {
        guard (1...1_000_000).contains(total) else {
            throw RouterPlanError("total must be 1 to 1000000, the sum of the weights, not \(total)")
        }
    }
}

extension PoolPair {
    func check(_ what: String) throws(RouterPlanError) {
        try RouterName.check(baseline, what)
        try RouterName.check(canary, what)
        guard baseline != canary else {
            throw RouterPlanError("baseline and canary are the same \(what), \(ShownText.line(baseline, limit: 80))")
        }
    }
}

/// A name that a router knows something by.
enum RouterName {
    static func check(_ name: String, _ what: String) throws(RouterPlanError) {
        let isName = (1...253).contains(name.utf8.count) && HeaderRules.isValue(name) && !name.contains(" ")
        guard isName else {
            throw RouterPlanError(
                "the \(what) \"\(ShownText.line(name, limit: 80))\" is no name: 1 to 253 bytes without spaces")
        }
    }
}
