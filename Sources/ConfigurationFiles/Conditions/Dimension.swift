import Declarations
import Model

/// What a number in a condition measures.
enum Dimension: Equatable {
    /// A plain number, which fits everywhere.
    case any
    /// A share or a ratio: `1%`, `2x`, `canary / baseline`.
    case share
    /// Seconds.
    case time
    /// Requests per second.
    case rate

    init(_ indicator: Indicator) {
        switch indicator.measure {
        case .share: self = .share
        case .perSecond: self = .rate
        case .seconds: self = .time
        case .number: self = .any
        }
    }

    var name: String {
        switch self {
        case .any: "a plain number"
        case .share: "a share"
        case .time: "a time"
        case .rate: "a rate"
        }
    }

    /// What could be written where something of this dimension is wanted.
    var advice: String {
        switch self {
        case .any: "write a plain number"
        case .share: "write a percentage such as 1%"
        case .time: "write a time such as 250ms, or a share of a pool's value such as 150% * baseline"
        case .rate: "write a rate such as 10/s, or a share of a pool's value such as 50% * baseline"
        }
    }

    func fits(_ other: Dimension) -> Bool { self == .any || other == .any || self == other }

    /// Of a sum, a difference or a comparison that fits.
    func joined(_ other: Dimension) -> Dimension { self == .any ? other : self }

    /// Nil when the product or quotient measures nothing that a condition could use.
    func combined(_ operation: Term.Operation, _ other: Dimension) -> Dimension? {
        switch (operation, self, other) {
        case (.multiply, .any, _): other
        case (.multiply, _, .any): self
        case (.multiply, .share, _): other
        case (.multiply, _, .share): self
        case (.divide, _, .any): self
        case (.divide, .any, .share): .share
        case (.divide, _, .share): self
        case (.divide, _, _) where self == other: .share
        default: nil
        }
    }
}
