/// What a reader may use besides its own page's layout.
public struct LayoutOffer: Sendable {
    /// Layouts that are in use for other targets, the likeliest first. Tried by a reader that has not read a page yet.
    public var known: [PageLayout]
    /// False when there is no memory for another layout; then pages are read word by word.
    public var mayMakeOne: Bool

    public init(known: [PageLayout] = [], mayMakeOne: Bool = true) {
        self.known = known
        self.mayMakeOne = mayMakeOne
    }

    /// A reader by itself.
    public static let ownOnly = LayoutOffer()
    /// Every page word by word.
    public static let none = LayoutOffer(mayMakeOne: false)
}

/// When to make a layout. A target whose page has another shape at every scrape must not pay for a new layout each
/// time, so after each layout that did not last the next one waits longer: 2, 4, … 64 pages.
struct LayoutPatience {
    private var disappointments: UInt8 = 0
    private var pagesToWait: UInt8 = 0

    /// A layout that has served so many pages was worth making.
    private static let worthwhilePages = 8
    private static let mostDisappointments: UInt8 = 6

    /// Asked once per page that is read word by word.
    mutating func isOver() -> Bool {
        guard pagesToWait > 0 else { return true }
        pagesToWait -= 1
        return false
    }

    /// - Parameter pages: which it served; 0 when the page could not have one.
    mutating func layoutEnded(afterPages pages: Int) {
        let lasted = pages >= Self.worthwhilePages
        disappointments = lasted ? 0 : min(disappointments + 1, Self.mostDisappointments)
        pagesToWait = lasted ? 0 : 1 << disappointments
    }
}
