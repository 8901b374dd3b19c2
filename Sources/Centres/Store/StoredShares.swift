import Foundation
package import Model

/// The last share of a release that was taken from the centre, and how far it came: after a restart it raises nothing by itself.
package struct KeptShare: Sendable, Equatable {
    package enum State: String, Codable, Sendable {
        /// It was handed over, and may have been sent.
        case handed
        /// It waits and was not sent; nothing was known of the time before it.
        case first
        /// It waits and was not sent.
        case waiting
        /// It was sent, or is over without having been in force.
        case sent
        /// The router was seen with it, or a rollback has taken it out.
        case seen

        fileprivate var rank: Int {
            switch self {
            case .handed: 0
            case .first, .waiting: 1
            case .sent: 2
            case .seen: 3
            }
        }
    }

    private static let supersededLimit = 8

    package private(set) var order: ShareOrder
    package private(set) var state: State
    /// The revision that was refused because it is lower than that of the order; what is written after it is later than both.
    fileprivate(set) var refused: UInt64?
    /// Of a centre whose revisions are used once each, the newest last.
    fileprivate(set) var superseded: [String] = []

    package init(_ order: ShareOrder, _ state: State = .handed) { (self.order, self.state) = (order, state) }

    /// How far the kernel is with the order.
    ///
    /// - Returns: whether that is news.
    package mutating func take(_ report: CentreShareReport) -> Bool {
        let next: State
        if report.wasInForce {
            next = .seen
        } else if report.wasSent || report.isOver {
            next = .sent
        } else if report.reason != nil {
            next = order.memory == .nothing ? .first : .waiting
        } else {
            return false
        }
        guard next.rank > state.rank else { return false }
        state = next
        return true
    }

    /// What is known of a value after a restart.
    package func memory(of next: ShareOrder) -> ShareOrder.Memory {
        guard next.isSame(as: order) else { return isBack(next) ? .sent : .other }
        switch state {
        case .handed, .sent: return .sent
        case .first: return .nothing
        case .waiting: return .other
        case .seen: return .same
        }
    }

    /// A later value. A lower share is taken whatever its revision is.
    ///
    /// - Returns: why it is none; nil when it was taken.
    package mutating func take(_ next: ShareOrder) -> String? {
        guard isBack(next), next.basisPoints >= order.basisPoints else {
            if next.sequence == .once {
                superseded.removeAll { $0 == next.revision }
                superseded = (superseded + [order.revision]).suffix(Self.supersededLimit)
            }
            (order, state, refused) = (next, .handed, nil)
            return nil
        }
        if case .number(let number) = next.sequence { refused = number }
        return
            "the centre has gone back to \(next.shareText) at revision \(next.revision), after \(order.shareText) at "
            + "revision \(order.revision), as after a restored backup; the share stays as it is: write the value again"
    }

    private func isBack(_ next: ShareOrder) -> Bool {
        switch next.sequence {
        case .number(let number):
            guard let known = UInt64(order.revision), number <= known else { return false }
            return refused.map { number <= $0 } ?? true
        case .once: return superseded.contains(next.revision)
        case .none: return false
        }
    }
}

/// The last shares by release, as they are kept on the disk.
struct StoredShares: Codable {
    struct Share: Codable {
        var basisPoints: Int
        var revision: String
        /// Missing in files of before: it was sent at least.
        var state: KeptShare.State?
        var refused: UInt64?
        var superseded: [String]?

        enum CodingKeys: String, CodingKey {
            case basisPoints = "basis_points"
            case revision, state, refused, superseded
        }

        init(_ kept: KeptShare) {
            (basisPoints, revision, state) = (kept.order.basisPoints, kept.order.revision, kept.state)
            refused = kept.refused
            superseded = kept.superseded.isEmpty ? nil : kept.superseded
        }

        func kept(_ label: String) -> KeptShare {
            var kept = KeptShare(
                ShareOrder(basisPoints: basisPoints, revision: revision, source: label, memory: .other), state ?? .sent)
            (kept.refused, kept.superseded) = (refused, superseded ?? [])
            return kept
        }
    }

    var version = 1
    var label: String
    var shares: [String: Share]

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case label, shares
    }
}

extension CentreStore {
    private static let sharesName = "shares.json"

    /// The last shares, by release; empty when there are none that can be read, or when they are of another centre.
    package func shares(of label: String) -> [String: KeptShare] {
        guard let bytes = bytes(Self.sharesName),
            let stored = try? JSONDecoder().decode(StoredShares.self, from: Data(bytes)), stored.version == 1,
            stored.label == label
        else { return [:] }
        return stored.shares.mapValues { $0.kept(label) }
    }

    /// - Returns: why they could not be kept; nil when they are on the disk.
    package func save(_ shares: [String: KeptShare], of label: String) -> String? {
        let stored = StoredShares(label: label, shares: shares.mapValues { StoredShares.Share($0) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(stored) else { return "the shares cannot be encoded" }
        return write([UInt8](bytes), to: Self.sharesName)
    }
}
