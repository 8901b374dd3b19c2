import Model
import Testing

@testable import ConfigurationFiles

/// When shares may be raised: `windows`, `blackouts`, `lead`.
struct CalendarReadingTests {
    private static let every = "every: {min: 5m}"

    private static func calendar(_ text: String) throws -> CalendarPlan {
        try #require(try LedSample.rollout(every, to: "\(every)\n    \(text)").calendar)
    }

    @Test func aWindowHasDaysHoursAndTheOffsetsOfItsZone() throws {
        let calendar = try Self.calendar(
            "windows: [{days: mon-thu, from: \"09:00\", to: \"16:30\", zone: Europe/Berlin}]\n    lead: 2h")
        #expect(calendar.leadMs == 7_200_000 && calendar.blackouts.isEmpty)
        let window = try #require(calendar.windows.first)
        #expect(window.days == [1, 2, 3, 4] && window.fromMinute == 540 && window.toMinute == 990)
        #expect(window.zone == "Europe/Berlin")
        #expect(Set(window.offsets.map(\.seconds)) == [3_600, 7_200])
        #expect(window.offsets.count >= 24)
        #expect(window.offsets.map(\.fromWallMs) == window.offsets.map(\.fromWallMs).sorted())
    }

    @Test(
        arguments: [
            ("{}", [1, 2, 3, 4, 5, 6, 7]), ("{days: fri-mon}", [1, 5, 6, 7]), ("{days: sun}", [7]),
            ("{days: \"mon, wed-fri\"}", [1, 3, 4, 5]), ("{days: [tue, Sat]}", [2, 6]),
        ])
    func daysAreNamesRangesAndLists(_ text: String, _ days: [Int]) throws {
        let window = try #require(try Self.calendar("windows: [\(text)]").windows.first)
        #expect(window.days == days)
        // Days without hours are whole days, in UTC.
        #expect(window.fromMinute == 0 && window.toMinute == 1_440 && window.zone == "UTC")
        #expect(window.offsets.map(\.seconds) == [0])
    }

    /// EU summer time of 2026: from 29 March 01:00 UTC to 25 October 01:00 UTC.
    @Test func offsetsChangeWhenTheClocksDo() throws {
        let berlin = try #require(ZoneOffsets.offsets(of: "Europe/Berlin", year: 2026))
        #expect(berlin.contains(ZoneOffset(fromWallMs: 1_774_746_000_000, seconds: 7_200)))
        #expect(berlin.contains(ZoneOffset(fromWallMs: 1_792_890_000_000, seconds: 3_600)))
        #expect(berlin.first == ZoneOffset(fromWallMs: 0, seconds: 3_600))
        #expect(berlin.count == 1 + 2 * 13)
        #expect(ZoneOffsets.offsets(of: "Asia/Kolkata", year: 2026)?.map(\.seconds) == [19_800])
        #expect(ZoneOffsets.offsets(of: "Nowhere/Land", year: 2026) == nil)
    }

    @Test(
        arguments: [
            ("{from: 2026-12-24, to: 2026-12-27}", 1_798_070_400_000, 1_798_329_600_000),
            ("{from: 2026-12-24T18:00, to: \"2026-12-24 19:30:00\"}", 1_798_135_200_000, 1_798_140_600_000),
            ("{from: 2026-12-24T18:00Z, to: 2026-12-24T20:00+01:00}", 1_798_135_200_000, 1_798_138_800_000),
            ("{from: 2026-12-24, to: 2026-12-25, zone: Europe/Berlin}", 1_798_066_800_000, 1_798_153_200_000),
            ("{from: 2026-07-01T00:00, to: 2026-07-02, zone: Europe/Berlin}", 1_782_856_800_000, 1_782_943_200_000),
            // An offset of its own counts, whatever the zone is.
            ("{from: 2026-07-01T00:00Z, to: 2026-07-02, zone: Europe/Berlin}", 1_782_864_000_000, 1_782_943_200_000),
        ] as [(String, Int64, Int64)])
    func blackoutsAreTimes(_ text: String, _ from: Int64, _ to: Int64) throws {
        let blackout = try #require(try Self.calendar("blackouts: [\(text)]").blackouts.first)
        #expect(blackout == Blackout(fromWallMs: from, toWallMs: to))
    }

    /// The hour that the clocks show twice is the earlier one, and the one that they skip is after it.
    @Test func atTheChangeOfTheClocksThereIsOneAnswer() throws {
        let berlin = try #require(ZoneOffsets.offsets(of: "Europe/Berlin", year: 2026))
        func wall(_ text: String) throws -> String {
            let instant = try #require(LocalTime.instant(text))
            return LocalTime.text(wallMs: ZoneOffsets.wallMs(localMs: instant.localMs, offsets: berlin))
        }
        #expect(try wall("2026-03-29T01:59") == "2026-03-29T00:59Z")
        #expect(try wall("2026-03-29T02:30") == "2026-03-29T00:30Z")
        #expect(try wall("2026-03-29T03:00") == "2026-03-29T01:00Z")
        #expect(try wall("2026-10-25T02:30") == "2026-10-25T00:30Z")
        #expect(try wall("2026-10-25T03:00") == "2026-10-25T02:00Z")
    }

    @Test func everyDayComesBack() {
        for day in Int64(0)..<40_000 {
            let text = LocalTime.text(wallMs: day * 86_400_000)
            #expect(
                LocalTime.instant(text) == LocalTime.Instant(localMs: day * 86_400_000, offsetSeconds: 0), "\(text)")
        }
    }

    @Test(
        arguments: [
            (
                "windows: [{from: \"22:00\", to: \"06:00\"}]",
                [
                    "13:31: error: 'to' (06:00) is before 'from' (22:00); write a window over midnight as two: from 22:00 to 24:00, "
                        + "and from 00:00 to 06:00 of the days after"
                ]
            ),
            (
                "windows: [{from: \"06:00\", to: \"06:00\"}]",
                [
                    "13:31: error: a window from 06:00 to 06:00 is empty; leave 'from' and 'to' out for whole days"
                ]
            ),
            (
                "windows: [{from: 25:00}]",
                ["13:22: error: 'from' must be a time of day from 00:00 to 23:59, such as 09:30, got '25:00'"]
            ),
            (
                "windows: [{days: mon-sonntag}]",
                [
                    "13:22: error: 'days' must be days such as mon-thu or [mon, wed], of mon, tue, wed, thu, fri, sat, sun; got "
                        + "'mon-sonntag'"
                ]
            ),
            (
                "windows: [{zone: Europe/Berln}]",
                [
                    "13:22: error: 'zone' must be the name of a time zone such as UTC or Europe/Berlin, got 'Europe/Berln'; did you "
                        + "mean 'Europe/Berlin'?"
                ]
            ),
            (
                "windows: [{zone: Berlin}]",
                [
                    "13:22: error: 'zone' must be the name of a time zone such as UTC or Europe/Berlin, got 'Berlin'; did you mean "
                        + "'Europe/Berlin'?"
                ]
            ),
            (
                "windows: [{from: \"09:00\", to: \"10:00\"}]\n    lead: 1h",
                [
                    "14:11: error: 'lead' (1h) must be shorter than each window, and one is 1h long: no share could be raised in it"
                ]
            ),
            ("lead: 1h", ["13:11: error: 'lead' is a time before a window closes, and there are no 'windows'"]),
            (
                "blackouts: [{from: 2026-12-24, to: 2026-12-24}]",
                [
                    "13:36: error: 'to' must be later than 'from'; a date alone is the beginning of that day, so that a blackout of "
                        + "one day ends with the date of the next"
                ]
            ),
            (
                "blackouts: [{from: 2026-02-30, to: 2026-12-24T18:00:30}]",
                [
                    "13:24: error: 'from' must be a date such as 2026-12-24, or a time such as 2026-12-24T18:00 or "
                        + "2026-12-24T18:00+01:00, in whole minutes, got '2026-02-30'",
                    "13:40: error: 'to' must be a date such as 2026-12-24, or a time such as 2026-12-24T18:00 or "
                        + "2026-12-24T18:00+01:00, in whole minutes, got '2026-12-24T18:00:30'",
                ]
            ),
        ])
    func everyMistakeIsReportedAtItsPlace(_ text: String, _ expected: [String]) {
        #expect(LedSample.errors(Self.every, to: "\(Self.every)\n    \(text)") == expected)
    }
}
