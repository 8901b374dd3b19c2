package import Model

/// Where the plan comes from: the configuration's files, or a program that made one up (the demo).
package protocol PlanSource: Sendable {
    /// Reads and validates everything.
    ///
    /// - Throws: ``InvalidConfiguration`` with all errors at once.
    func load() throws(InvalidConfiguration) -> Plan

    /// The same with what a configuration centre holds; nil for the configuration file alone.
    func load(centre: CentreState?) throws(InvalidConfiguration) -> Plan
}

extension PlanSource {
    package func load(centre: CentreState?) throws(InvalidConfiguration) -> Plan { try load() }
}

/// A plan that cannot be used, and everything that is wrong with it.
package struct InvalidConfiguration: Error, Sendable, Equatable, CustomStringConvertible {
    /// One text per error, each `file:line:col: error: …` with the source line and a caret.
    package let texts: [String]

    package init(_ texts: [String]) { self.texts = texts }

    package var description: String { texts.joined(separator: "\n") }
}

/// A plan that is there already. A reload gives the same one.
package struct FixedPlan: PlanSource {
    private let plan: Plan

    package init(_ plan: Plan) { self.plan = plan }

    package func load() throws(InvalidConfiguration) -> Plan { plan }
}
