import Support
import Testing

struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_785_579_330_250, "2026-08-01T10:15:30.250Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (Int64.max, "9999-12-31T23:59:59.999Z"), (Int64.min, "0001-01-01T00:00:00.000Z"),
    ])
    func timesAreWrittenInRFC3339(wallMs: Int64, text: String) {
        #expect("\(WallTime(wallMs: wallMs))" == text)
        #expect(WallTime(text) == WallTime(wallMs: wallMs))
    }

    @Test(arguments: [
        ("2026-08-01T10:15:30Z", 1_785_579_330_000), ("2026-08-01T10:15:30.2Z", 1_785_579_330_200),
        ("2026-08-01T10:15:30.250999999Z", 1_785_579_330_250),
    ])
    func anyNumberOfDigitsAfterTheSecondIsRead(text: String, wallMs: Int64) {
        #expect(WallTime(text)?.wallMs == wallMs)
    }

    @Test(arguments: [
        "", "now", "2026-08-01", "2026-08-01T10:15:30", "2026-08-01T10:15:30+00:00", "2026-13-01T00:00:00Z",
        "2026-08-01T24:00:00Z", "2026-08-01T10:15:30.Z", "2026-08-01T10:15:30Zx", "0000-01-01T00:00:00Z",
        "+026-08-01T10:15:30Z", "2026-08-01t10:15:30Z", "2026-00-10T00:00:00Z",
    ])
    func otherTextsAreNoTimes(text: String) {
        #expect(WallTime(text) == nil)
    }

    @Test func readingWhatWasWrittenGivesTheSameTime() {
        var step: UInt64 = 1
        for _ in 0..<20_000 {
            step = step &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let time = WallTime(wallMs: Int64(bitPattern: step) % 260_000_000_000_000)
            #expect(WallTime("\(time)") == time)
        }
    }
}
