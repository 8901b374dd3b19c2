/// Troubles that all services have together, on and off, as when a database behind them stalls. The same seed draws the same.
package struct OutageSchedule: Sequence, IteratorProtocol, Sendable {
    /// One change of what is wrong.
    package struct Change: Sendable, Equatable {
        package let fault: DemoFault
        package let forMs: Int
    }

    private var random: SeededRandom
    private var isOut = false
    private let usual: DemoFault
    private let outage: DemoFault

    /// - Parameters:
    ///   - usual: between two outages.
    ///   - outage: in one; it lasts for 1 to 5 s, the pause after it for 2 to 6 s.
    package init(usual: DemoFault, outage: DemoFault, seed: UInt64) {
        random = SeededRandom(seed: seed)
        (self.usual, self.outage) = (usual, outage)
    }

    /// Never nil.
    package mutating func next() -> Change? {
        isOut.toggle()
        let range = isOut ? 1_000...5_000 : 2_000...6_000
        return Change(fault: isOut ? outage : usual, forMs: Int.random(in: range, using: &random))
    }
}
