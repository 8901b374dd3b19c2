/// What a reader may use besides its own scrape body's layout.
public struct LayoutOffer: Sendable {
    /// Layouts that are in use for other targets, the likeliest first. Tried by a reader that has not read a scrape
    /// body yet.
    public var known: [ExpositionLayout]
    /// False when there is no memory for another layout; then scrape bodies are read token by token.
    public var mayMakeOne: Bool

    public init(known: [ExpositionLayout] = [], mayMakeOne: Bool = true) {
        self.known = known
        self.mayMakeOne = mayMakeOne
    }

    /// A reader by itself.
    public static let ownOnly = LayoutOffer()
    /// Every scrape body token by token.
    public static let none = LayoutOffer(mayMakeOne: false)
}

/// When to make a layout. A target whose scrape body has another shape at every scrape must not pay for a new layout
/// each time, so after each layout that did not last the next one waits longer: 2, 4, … 64 bodies.
struct LayoutPatience {
    private var disappointments: UInt8 = 0
    private var scrapesToWait: UInt8 = 0

    /// A layout that has served so many scrape bodies was worth making.
    private static let worthwhileScrapes = 8
    private static let mostDisappointments: UInt8 = 6

    /// Asked once per scrape body that is read token by token.
    mutating func isOver() -> Bool {
        guard scrapesToWait > 0 else { return true }
        scrapesToWait -= 1
        return false
    }

    /// - Parameter bodies: which it served; 0 when the scrape body could not have one.
    mutating func layoutEnded(afterPages bodies: Int) {
        let lasted = bodies >= Self.worthwhileScrapes
        disappointments = lasted ? 0 : min(disappointments + 1, Self.mostDisappointments)
        scrapesToWait = lasted ? 0 : 1 << disappointments
    }
}
