package import Declarations
package import Model
package import SourceCalls

/// A kind of centre with what reads it. A new kind is a folder with such a type, its plan and its centre, and a line in
/// ``CentreKinds``.
package protocol RunningCentreKind: CentreKind {
    static func centre(_ plan: Plan, _ setup: CallSetup) -> any Centre

    /// The plan that reads the policy of a router instead of the configuration: the files `share` and `strategy.json`.
    static func policy(_ plan: Plan, _ name: String) -> Plan
}

/// All kinds of centres, in the order of the documentation.
package enum CentreKinds {
    static let running: [any RunningCentreKind.Type] = [
        EtcdCentreKind.self, ConsulCentreKind.self, ApolloCentreKind.self, NacosCentreKind.self,
    ]

    /// For reading and describing configurations.
    package static var all: [any CentreKind.Type] { running }

    /// The centre that a plan describes; nil for a kind that is in no configuration of this program.
    package static func centre(_ plan: CentrePlan, _ setup: CallSetup) -> (any Centre)? {
        running.lazy.compactMap { $0.make(plan, setup) }.first
    }

    /// What reads the policy of a router in the centre of a plan, instead of the configuration.
    package static func policy(_ plan: CentrePlan, name: String, _ setup: CallSetup) -> (any Centre)? {
        running.lazy.compactMap { $0.makePolicy(plan, name, setup) }.first
    }
}

extension RunningCentreKind {
    /// Nil for a plan of another kind.
    fileprivate static func make(_ plan: CentrePlan, _ setup: CallSetup) -> (any Centre)? {
        (plan.settings as? Plan).map { centre($0, setup) }
    }

    fileprivate static func makePolicy(_ plan: CentrePlan, _ name: String, _ setup: CallSetup) -> (any Centre)? {
        (plan.settings as? Plan).map { centre(policy($0, name), setup) }
    }
}
