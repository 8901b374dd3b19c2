package import Discovery
import Model
package import Ports
package import SystemSupport

/// The names of hosts in the `targets` of a release.
package struct HostNamesPlan: SourceSettings {
    package static let kind = "names"

    /// In lower case, sorted.
    package let names: [String]

    package init(names: [String]) { self.names = names }
}

/// Looks up the names that the `targets` of a release have, regularly: a group per name, with its addresses. A name that cannot
/// be looked up takes nothing from the others.
package struct HostNamesSource: TargetSource {
    /// Names that are looked up at the same time.
    private static let width = 8

    private let plan: HostNamesPlan
    private let lookup: any HostNames
    private let clock: any DaemonClock

    package init(_ plan: HostNamesPlan, lookup: any HostNames, clock: any DaemonClock) {
        (self.plan, self.lookup, self.clock) = (plan, lookup, clock)
    }

    package let name = "host names in 'targets'"
    package let refreshMs: Int64 = 30_000

    package func run(_ report: @escaping @Sendable (SourceAnswer) async -> Void) async {
        while !Task.isCancelled {
            let answer = await answer()
            if Task.isCancelled { return }
            await report(answer)
            do throws(CancellationError) { try await clock.sleep(ms: refreshMs) } catch { return }
        }
    }

    private func answer() async -> SourceAnswer {
        let answers = await answers()
        var (groups, unread, reasons): ([TargetGroup], [String], [String]) = ([], [], [])
        for (name, answer) in zip(plan.names, answers) {
            switch answer {
            case .addresses(let addresses):
                groups.append(TargetGroup(source: name, targets: addresses.map { DiscoveredTarget(address: $0) }))
            case .none: groups.append(TargetGroup(source: name, targets: []))
            case .failed(let reason):
                unread.append(name)
                reasons.append(reason)
            }
        }
        guard let first = reasons.first else { return .list(groups) }
        let more = reasons.count > 1 ? ", and \(reasons.count - 1) more" : ""
        return .partial(groups, unread: unread, reason: first + more)
    }

    /// In the order of the names.
    private func answers() async -> [HostAnswer] {
        await withTaskGroup(of: (Int, HostAnswer).self) { group in
            var answers = plan.names.map { _ in HostAnswer.none }
            var next = 0
            func begin() {
                guard next < plan.names.count else { return }
                let (index, name, lookup) = (next, plan.names[next], lookup)
                next += 1
                group.addTask { (index, await lookup.addresses(of: name)) }
            }
            for _ in 0..<Self.width { begin() }
            while let (index, answer) = await group.next() {
                answers[index] = answer
                begin()
            }
            return answers
        }
    }
}
