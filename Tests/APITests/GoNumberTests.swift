import Testing

@testable import API

/// The expected texts are those of Go's `strconv.FormatFloat(v, 'e', -1, 64)`.
struct GoNumberTests {
    @Test(arguments: [
        (0, "0e+00"), (-0.0, "-0e+00"), (1, "1e+00"), (10, "1e+01"), (100_000, "1e+05"), (0.0812, "8.12e-02"),
        (12.5, "1.25e+01"), (-0.25, "-2.5e-01"), (1e16, "1e+16"), (1.5e300, "1.5e+300"),
        (.leastNonzeroMagnitude, "5e-324"),
        (0.1 + 0.2, "3.0000000000000004e-01"), (123_456_789, "1.23456789e+08"), (1e-5, "1e-05"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func numbersAreWrittenAsGoWritesThem(value: Double, text: String) {
        #expect(GoNumber.exponent(value) == text)
    }
}
