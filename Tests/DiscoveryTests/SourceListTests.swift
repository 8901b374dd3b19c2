import Support
import Testing

@testable import Discovery

/// What is in force, whatever a source answers.
@Suite("The list of a source")
struct SourceListTests {
    static let times = SourceList.Times(graceMs: 60_000, secondAnswerMs: 1_000, answerMs: 30_000)

    static func target(_ name: String, place: Int? = 0, id: String? = nil) -> ListedTarget {
        ListedTarget(
            instance: name, url: "http://\(name):1/metrics", uniqueID: id,
            placement: place.map { .place($0) } ?? .leftOut(.unmatched, detail: ""))
    }

    /// Answers at moments, in seconds, and what is in force after the last one.
    struct Row: Sendable, CustomTestStringConvertible {
        let what: String
        let answers: [(second: Int64, names: String)]
        let inForce: String

        var testDescription: String { what }
    }

    private static let ten = "a b c d e f g h i j"

    static let rows: [Row] = [
        Row(what: "the first list is believed at once", answers: [(0, "a b")], inForce: "a b"),
        Row(what: "an empty first list is a list", answers: [(0, "")], inForce: ""),
        Row(what: "an addition counts at once", answers: [(0, "a b"), (1, "a b c")], inForce: "a b c"),
        Row(what: "a removal waits for a second answer", answers: [(0, "a b c"), (30, "a b")], inForce: "a b c"),
        Row(what: "two answers remove", answers: [(0, "a b c"), (30, "a b"), (60, "a b")], inForce: "a b"),
        Row(
            what: "two answers of one moment are one",
            answers: [(0, "a b c"), (30, "a b"), (30, "a b")], inForce: "a b c"),
        Row(
            what: "who is back stays", answers: [(0, "a b c"), (30, "a b"), (60, "a b c"), (90, "a b")],
            inForce: "a b c"),
        Row(what: "empty is held", answers: [(0, "a b"), (30, ""), (60, "")], inForce: "a b"),
        Row(
            what: "empty is believed after the grace", answers: [(0, "a b"), (30, ""), (60, ""), (90, "")], inForce: ""),
        Row(what: "more than half gone is held", answers: [(0, ten), (30, "a b c d"), (60, "a b c d")], inForce: ten),
        Row(
            what: "more than half gone is believed after the grace",
            answers: [(0, ten), (30, "a b c d"), (60, "a b c d"), (90, "a b c d")], inForce: "a b c d"),
        Row(
            what: "half gone needs two answers",
            answers: [(0, ten), (30, "a b c d e"), (60, "a b c d e")], inForce: "a b c d e"),
        Row(
            what: "a list that recovers within the grace changed nothing",
            answers: [(0, "a b"), (30, ""), (60, "a b"), (3_600, "")], inForce: "a b"),
        Row(
            what: "all others at once are no shrunken list",
            answers: [(0, "a b"), (30, "c d"), (60, "c d")], inForce: "c d"),
        Row(what: "flapping at every answer removes nothing", answers: flapping, inForce: "a b c"),
        Row(what: "a pause of the source says nothing", answers: [(0, "a b c"), (9_000, "a b")], inForce: "a b c"),
        Row(
            what: "a source that is silent for an hour confirms nothing",
            answers: [(0, "a b"), (30, ""), (3_630, "")], inForce: "a b"),
        Row(
            what: "after the silence the answers count again",
            answers: [(0, "a b"), (30, ""), (3_630, ""), (3_660, "")], inForce: ""),
        Row(
            what: "a process that was stopped before the first answer without targets has the whole grace",
            answers: [(0, "a b"), (3_600, ""), (3_630, "")], inForce: "a b"),
        Row(what: "twice the same is once", answers: [(0, "a a b")], inForce: "a b"),
    ]

    private static let flapping: [(Int64, String)] = (0..<30).map { ($0 * 30, $0 % 2 == 0 ? "a b c" : "a b") }

    @Test(arguments: rows)
    func isInForce(_ row: Row) {
        var list = SourceList(times: Self.times)
        for answer in row.answers {
            list.take(answer.names.split(separator: " ").map { Self.target(String($0)) }, atMs: answer.second * 1_000)
        }
        #expect(list.targets.map(\.instance).sorted().joined(separator: " ") == row.inForce)
    }

    /// Whatever pauses lie between the answers: a short list is believed once answers that vouch for a refresh each have confirmed
    /// it for the grace, neither sooner nor later.
    @Test(arguments: UInt64(1)...50)
    func onlyConfirmedTimeCountsTowardsTheGrace(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = SourceList(times: Self.times)
        list.take([Self.target("a"), Self.target("b"), Self.target("c")], atMs: 0)
        var (now, confirmedMs): (Int64, Int64) = (0, 0)
        for answer in 0..<200 {
            let pauseMs: Int64 = [200, 1_000, 7_000, 30_000, 600_000, 36_000_000].randomElement(using: &random) ?? 0
            now += pauseMs
            if answer > 0 { confirmedMs += min(pauseMs, 30_000) }
            list.take([Self.target("a")], atMs: now)
            let isBelieved = answer > 0 && confirmedMs >= 60_000
            #expect(list.targets.count == (isBelieved ? 1 : 3), "\(answer), confirmed for \(confirmedMs) ms")
            if isBelieved { return #expect(answer >= 2, "an answer vouches for half of the grace at the most") }
        }
        Issue.record("200 answers were not believed")
    }

    @Test func anotherIDAtTheSameAddressTakesItsPlaceAtOnce() {
        var list = SourceList(times: Self.times)
        list.take([Self.target("a", id: "1"), Self.target("b", id: "2")], atMs: 0)
        list.take([Self.target("a", id: "3"), Self.target("b", id: "2")], atMs: 30_000)
        #expect(list.targets.map(\.key.uniqueID) == ["3", "2"])
    }

    @Test func aTargetChangesItsPlaceAtOnceAndIsHeldWhereNoPoolSelectsIt() {
        var list = SourceList(times: Self.times)
        list.take([Self.target("a"), Self.target("b")], atMs: 0)
        list.take([Self.target("a", place: 1), Self.target("b")], atMs: 30_000)
        #expect(list.targets.map(\.place) == [1, 0])
        list.take([Self.target("a", place: nil), Self.target("b", place: nil)], atMs: 60_000)
        #expect(list.targets.map(\.place) == [1, 0] && list.leftOut.count == 2)
        #expect(list.held != nil)
    }

    @Test func eachPlaceIsHeldByItself() {
        var list = SourceList(times: Self.times)
        list.take(["a", "b", "c"].map { Self.target($0) } + [Self.target("x", place: 1)], atMs: 0)
        for second: Int64 in [30, 60] {
            list.take([Self.target("a"), Self.target("b")], atMs: second * 1_000)
        }
        #expect(list.targets.map(\.instance).sorted() == ["a", "b", "x"], "c is gone, x is held")
        #expect(list.held?.from == 1 && list.held?.to == 0)
    }

    @Test func aStoredListIsUsedUntilTheSourceAnswers() {
        var list = SourceList(times: Self.times)
        list.restore([Self.target("a"), Self.target("b")])
        #expect(list.isStored && list.targets.count == 2)
        list.take([Self.target("a"), Self.target("c")], atMs: 0)
        #expect(!list.isStored && list.targets.map(\.instance).sorted() == ["a", "b", "c"])
        list.restore([Self.target("z")])
        #expect(!list.targets.contains { $0.instance == "z" }, "what a source said is never replaced by an old list")
    }

    @Test func aFlappingTargetIsShownAndHeldForTheGrace() {
        var list = SourceList(times: Self.times)
        var now: Int64 = 0
        for index in 0..<10 {
            list.take((index % 2 == 0 ? ["a", "b", "c"] : ["a", "b"]).map { Self.target($0) }, atMs: now)
            now += 20_000
        }
        #expect(list.flapping(atMs: now).map(\.instance) == ["c"])
        list.take(["a", "b"].map { Self.target($0) }, atMs: now)
        #expect(list.targets.count == 3, "two answers are not enough for it")
        for later: Int64 in [30_000, 60_000] {
            list.take(["a", "b"].map { Self.target($0) }, atMs: now + later)
        }
        #expect(list.targets.count == 2)
        #expect(list.flapping(atMs: now + 3_600_000).isEmpty)
    }
}

@Suite("The lists of several sources together")
struct MergedListsTests {
    private static func list(_ targets: [ListedTarget]) -> SourceList {
        var list = SourceList(times: SourceListTests.times)
        list.take(targets, atMs: 0)
        return list
    }

    @Test func anEndpointThatTwoSourcesListIsOneTarget() {
        let one = Self.list([SourceListTests.target("b"), SourceListTests.target("a")])
        let merged = MergedLists([one, Self.list([SourceListTests.target("a")])], fixed: [[], []])
        #expect(merged.places.map { $0.map(\.instance) } == [["a", "b"], []])
        #expect(merged.leftOut.map(\.placement) == [.leftOut(.duplicate, detail: "a is the same endpoint")])
    }

    @Test func anEndpointInBothPoolsIsInNone() {
        let one = Self.list([SourceListTests.target("a"), SourceListTests.target("b")])
        let merged = MergedLists([one, Self.list([SourceListTests.target("a", place: 1)])], fixed: [[], []])
        #expect(merged.places.map { $0.map(\.instance) } == [["b"], []])
        #expect(merged.leftOut.count == 2)
    }

    @Test func targetsOfTheConfigurationAreThereBesideThoseOfSources() {
        let merged = MergedLists(
            [Self.list([SourceListTests.target("b", place: 1)])], fixed: [[SourceListTests.target("a")], []])
        #expect(merged.places.map { $0.map(\.instance) } == [["a"], ["b"]])
    }
}
