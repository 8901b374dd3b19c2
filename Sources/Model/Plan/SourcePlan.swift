/// The settings of a kind of target source: what it has to know.
public protocol SourceSettings: Sendable, Equatable {
    /// The `kind` in the configuration.
    static var kind: String { get }
}

extension SourceSettings {
    fileprivate func isEqual(to other: any SourceSettings) -> Bool { other as? Self == self }
}

/// A source of targets, and how it is read. The kernel never reads the settings.
public struct SourcePlan: Sendable, Equatable {
    /// A reference, because plans are copied often: a value of unknown size would make each copy slower.
    private let box: Box

    private final class Box: Sendable {
        let settings: any SourceSettings

        init(_ settings: any SourceSettings) { self.settings = settings }
    }

    public var settings: any SourceSettings { box.settings }

    public init(_ settings: any SourceSettings) { box = Box(settings) }

    /// The `kind` in the configuration.
    public var kind: String { type(of: settings).kind }

    public static func == (left: SourcePlan, right: SourcePlan) -> Bool { left.settings.isEqual(to: right.settings) }
}
