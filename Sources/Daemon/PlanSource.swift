public import Model

/// Where the plan comes from: the configuration's files, or a program that made one up (the demo).
public protocol PlanSource: Sendable {
    /// Reads and validates everything.
    ///
    /// - Throws: ``InvalidConfiguration`` with all errors at once.
    func load() throws(InvalidConfiguration) -> Plan
}

/// A plan that cannot be used, and everything that is wrong with it.
public struct InvalidConfiguration: Error, Sendable, Equatable, CustomStringConvertible {
    /// One text per error, each `file:line:col: error: …` with the source line and a caret.
    public let texts: [String]

    public init(_ texts: [String]) { self.texts = texts }

    public var description: String { texts.joined(separator: "\n") }
}

/// A plan that is there already. A reload gives the same one.
public struct FixedPlan: PlanSource {
    private let plan: Plan

    public init(_ plan: Plan) { self.plan = plan }

    public func load() throws(InvalidConfiguration) -> Plan { plan }
}
