/// The settings of a kind of router: what its driver has to know.
public protocol RouterSettings: Sendable, Equatable {
    /// The `kind` in the configuration.
    static var kind: String { get }

    /// Whether both are the same router, however its addresses are spelled.
    func isSameRouter(as other: Self) -> Bool
}

extension RouterSettings {
    public func isSameRouter(as other: Self) -> Bool { self == other }

    fileprivate func isSameRouter(asAny other: any RouterSettings) -> Bool {
        (other as? Self).map { isSameRouter(as: $0) } ?? false
    }

    fileprivate func isEqual(to other: any RouterSettings) -> Bool { other as? Self == self }
}

/// The router that splits the traffic, and how it is spoken to. The kernel never reads the settings.
public struct RouterPlan: Sendable, Equatable {
    /// A reference, because plans are copied often: a value of unknown size would make each copy slower.
    private let box: Box

    private final class Box: Sendable {
        let settings: any RouterSettings

        init(_ settings: any RouterSettings) { self.settings = settings }
    }

    public var settings: any RouterSettings { box.settings }
    /// Who gets the canary while its share grows, where the configuration says it; nil for what the kind does by itself.
    public var growth: RouterCapabilities.Growth?

    public init(_ settings: any RouterSettings, growth: RouterCapabilities.Growth? = nil) {
        box = Box(settings)
        self.growth = growth
    }

    /// The `kind` in the configuration.
    public var kind: String { type(of: settings).kind }

    /// Whether both are the same router, however its addresses are spelled.
    public func isSameRouter(as other: RouterPlan) -> Bool { settings.isSameRouter(asAny: other.settings) }

    public static func == (left: RouterPlan, right: RouterPlan) -> Bool {
        left.growth == right.growth && left.settings.isEqual(to: right.settings)
    }
}
