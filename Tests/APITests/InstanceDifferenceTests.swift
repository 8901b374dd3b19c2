import Model
import Testing

@testable import API

@Suite("Which instance differs")
struct InstanceDifferenceTests {
    private static func figures(_ requests: Double, _ errors: Double?, latency: Double? = 0.02)
        -> TargetSnapshot.Figures
    {
        TargetSnapshot.Figures(requestRate: requests / 60, requests: requests, errors: errors, latencyMean: latency)
    }

    private static let healthy = [figures(600, 1), figures(620, 0), figures(590, 2)]

    @Test func anInstanceWithManyErrorsDiffers() {
        let text = InstanceDifference(Self.figures(600, 60), Self.healthy).text
        #expect(text == "10 % of 600 requests fail; at the others 0.17 %")
    }

    @Test func aSlowInstanceDiffers() {
        let text = InstanceDifference(Self.figures(600, 1, latency: 0.25), Self.healthy).text
        #expect(text == "requests take 250 ms on average; at the others 20 ms")
    }

    @Test(arguments: [
        figures(600, 3), figures(10, 3), figures(0, 0), figures(600, nil), figures(5, 0, latency: 2),
        figures(600, 0, latency: nil),
    ])
    func chanceIsNoDifference(_ own: TargetSnapshot.Figures) {
        #expect(InstanceDifference(own, Self.healthy).text == nil)
    }

    /// Alone there is nothing to differ from, and with all bad none differs.
    @Test func theOthersAreTheMeasure() {
        #expect(InstanceDifference(Self.figures(600, 60), []).text == nil)
        let bad = Array(repeating: Self.figures(600, 60), count: 3)
        #expect(InstanceDifference(Self.figures(600, 61), bad).text == nil)
        // The one that is better differs too: that may be the clue.
        #expect(InstanceDifference(Self.figures(600, 0), bad).text != nil)
    }
}
