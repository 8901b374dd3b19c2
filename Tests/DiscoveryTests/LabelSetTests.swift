import Discovery
import Testing

@Suite("Label sets")
struct LabelSetTests {
    @Test func labelsAreSortedAndUniqueAndTheLastValueCounts() {
        let set = LabelSet([("b", "1"), ("a", "2"), ("b", "3"), ("empty", "")])
        #expect(set.labels == [.init("a", "2"), .init("b", "3")])
        #expect(set == ["a": "2", "b": "3"])
    }

    @Test func aLabelThatIsAbsentIsEmptyAndAnEmptyOneIsAbsent() {
        var set: LabelSet = ["a": "1"]
        #expect(set["b"] == "")
        set["b"] = "2"
        #expect(set == ["a": "1", "b": "2"])
        set["a"] = ""
        #expect(set == ["b": "2"])
        set["none"] = ""
        #expect(set == ["b": "2"] && !set.has("none"))
    }

    @Test func theLabelsOfATargetWinOverThoseOfItsGroup() {
        let target: LabelSet = ["__address__": "a:1", "version": "v2"]
        #expect(target.over(["version": "v1", "zone": "x"]) == ["__address__": "a:1", "version": "v2", "zone": "x"])
        #expect(target.over([:]) == target)
    }

    @Test func namesAreOrderedByTheirBytes() {
        let set = LabelSet([("é", "1"), ("z", "2"), ("Z", "3"), ("_", "4")])
        #expect(set.labels.map(\.name) == ["Z", "_", "z", "é"])
        for label in set.labels { #expect(set[label.name] == label.value) }
    }
}
