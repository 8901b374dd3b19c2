import Discovery
import Synchronization
import SystemSupport
import Testing

@testable import TargetSources

@Suite("The names in lists of targets")
struct HostNamesSourceTests {
    /// Answers by name; a name that is not in it cannot be looked up.
    private struct Names: HostNames {
        let answers: [String: HostAnswer]

        func addresses(of name: String) async -> HostAnswer { answers[name] ?? .failed(reason: "\(name): away") }
    }

    private static func answer(_ names: [String], _ answers: [String: HostAnswer]) async -> SourceAnswer? {
        let source = HostNamesSource(
            HostNamesPlan(names: names), lookup: Names(answers: answers), clock: ImpatientClock())
        return await Sources.answers(source, 1).first
    }

    private static func group(_ name: String, _ addresses: [String]) -> TargetGroup {
        TargetGroup(source: name, targets: addresses.map { DiscoveredTarget(address: $0) })
    }

    @Test func eachNameIsAGroup() async {
        let names = (0..<40).map { "n\($0).example" }
        let answers = Dictionary(uniqueKeysWithValues: names.map { ($0, HostAnswer.addresses(["10.0.0.1"])) })
        #expect(await Self.answer(names, answers) == .list(names.map { Self.group($0, ["10.0.0.1"]) }))
    }

    @Test func aNameThatCannotBeLookedUpIsNamedAndAnAbsentOneIsEmpty() async {
        let answer = await Self.answer(["a", "b", "c", "d"], ["a": .addresses(["10.0.0.1", "10.0.0.2"]), "b": .none])
        #expect(
            answer
                == .partial(
                    [Self.group("a", ["10.0.0.1", "10.0.0.2"]), Self.group("b", [])], unread: ["c", "d"],
                    reason: "c: away, and 1 more"))
    }
}
