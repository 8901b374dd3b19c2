import Support
import Telemetry
import Testing

@testable import Discovery

@Suite("Resolved groups that are kept")
struct ResolvedGroupsTests {
    /// Whatever an answer changes of the one before, the result is that of resolving everything.
    @Test(arguments: 0..<20 as Range<UInt64>) func keepingThemChangesNothing(_ seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        var copy = RelabelRule()
        (copy.sourceLabels, copy.regex, copy.targetLabel) = (["__meta_color"], "(.+)", "color")
        let resolver = try TargetResolver(
            defaults: .init(job: "checkout"),
            selections: [SeriesMatchers(parsing: #"{color="old"}"#), SeriesMatchers(parsing: #"{color="new"}"#)],
            relabelling: Relabelling([RelabelStep(copy)]))
        var resolved = ResolvedGroups(resolver)
        var groups = (0..<5).map { TargetGroup(source: "g\($0)", targets: []) }
        for _ in 0..<100 {
            change(&groups[Int(dice.next() % 5)], &dice)
            if dice.next() % 10 == 0 { groups.swapAt(Int(dice.next() % 5), Int(dice.next() % 5)) }
            #expect(resolved.resolve(groups) == resolver.resolve(groups))
        }
    }

    private func change(_ group: inout TargetGroup, _ dice: inout SeededGenerator) {
        let color = ["old", "new", "other"][Int(dice.next() % 3)]
        let target = DiscoveredTarget(
            labels: ["__address__": "10.0.0.\(dice.next() % 9):1", "__meta_color": color],
            uniqueID: dice.next() % 2 == 0 ? nil : "u")
        switch dice.next() % 4 {
        case 0: group.targets.append(target)
        case 1 where !group.targets.isEmpty: group.targets.removeFirst()
        case 2 where !group.targets.isEmpty: group.targets[Int(dice.next() % UInt64(group.targets.count))] = target
        default: group.labels["__meta_color"] = color
        }
    }
}
