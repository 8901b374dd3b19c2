import Support
import Testing

@testable import Statistics

@Suite("How many requests the proof of a step needs")
struct StepForecastTests {
    @Test("Nothing is forecast where nothing can be shown")
    func impossible() {
        let question = StepQuestion(ratio: 1.5, errorBudget: 0.05)
        for (rate, share, dispersion) in [
            (0.0, 0.5, 1.0), (0.01, 0, 1), (0.01, 1, 1), (0.01, 0.5, 0.5), (.nan, 0.5, 1),
        ] {
            #expect(StepForecast(question, badRate: rate, canaryShare: share, dispersion: dispersion) == nil)
        }
    }

    @Test("More of what makes a proof hard needs more requests, and nine of ten need more than half of them")
    func monotone() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            let ratio = Double.random(in: 1.2...20, using: &random)
            let (rate, share) = (
                Double.random(in: 0.0005...0.04, using: &random), Double.random(in: 0.01...0.5, using: &random)
            )
            func forecast(ratio: Double, error: Double = 0.05, dispersion: Double = 1.1) throws -> StepForecast {
                try #require(
                    StepForecast(
                        StepQuestion(ratio: ratio, errorBudget: error), badRate: rate, canaryShare: share,
                        dispersion: dispersion))
            }
            let usual = try forecast(ratio: ratio)
            #expect(usual.median > 0 && usual.ninetyPercent > usual.median)
            #expect(try forecast(ratio: ratio * 1.3).median < usual.median)
            #expect(try forecast(ratio: ratio, error: 0.01).median > usual.median)
            #expect(try forecast(ratio: ratio, dispersion: 2).median > usual.median)
        }
    }
}
