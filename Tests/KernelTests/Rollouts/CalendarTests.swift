import Model
import Testing

@testable import Kernel

@Suite("When shares may be raised")
struct CalendarTests {
    /// 2023-11-13, a Monday, 00:00 UTC.
    private static let mondayMs: Int64 = 1_699_833_600_000
    private static let hourMs: Int64 = 3_600_000

    private static func calendar(offset: Int = 0, blackouts: [Blackout] = [], leadMs: Int64 = 0) -> CalendarPlan {
        let window = WeeklyWindow(
            days: [1, 2, 3, 4], fromMinute: 9 * 60, toMinute: 16 * 60,
            offsets: [ZoneOffset(fromWallMs: 0, seconds: offset)])
        return CalendarPlan(windows: [window], blackouts: blackouts, leadMs: leadMs)
    }

    @Test("A window has its beginning and not its end, on its days only, in its own zone")
    func windows() {
        let (utc, berlin) = (Self.calendar(), Self.calendar(offset: 3_600))
        #expect(!utc.isOpen(atWallMs: Self.mondayMs + 9 * Self.hourMs - 1))
        #expect(utc.isOpen(atWallMs: Self.mondayMs + 9 * Self.hourMs))
        #expect(!utc.isOpen(atWallMs: Self.mondayMs + 16 * Self.hourMs))
        #expect(berlin.isOpen(atWallMs: Self.mondayMs + 8 * Self.hourMs))
        #expect(!utc.isOpen(atWallMs: Self.mondayMs + 4 * 24 * Self.hourMs + 10 * Self.hourMs))
    }

    @Test("It opens at the next beginning of a window, or at the end of a blackout in one")
    func opening() {
        let friday = Self.mondayMs + 4 * 24 * Self.hourMs + 18 * Self.hourMs
        let nextMonday = Self.mondayMs + 7 * 24 * Self.hourMs
        #expect(Self.calendar().opens(afterWallMs: friday) == nextMonday + 9 * Self.hourMs)
        #expect(Self.calendar(offset: 3_600).opens(afterWallMs: friday) == nextMonday + 8 * Self.hourMs)
        let blackout = Blackout(fromWallMs: friday, toWallMs: nextMonday + 11 * Self.hourMs)
        #expect(Self.calendar(blackouts: [blackout]).opens(afterWallMs: friday) == nextMonday + 11 * Self.hourMs)
        let forever = Blackout(fromWallMs: 0, toWallMs: .max)
        #expect(Self.calendar(blackouts: [forever]).opens(afterWallMs: friday) == nil)
        #expect(CalendarPlan(blackouts: [blackout]).opens(afterWallMs: friday) == blackout.toWallMs)
    }

    @Test("The last step comes so long before a window closes")
    func lead() {
        let calendar = Self.calendar(leadMs: 2 * Self.hourMs)
        #expect(calendar.isOpen(atWallMs: Self.mondayMs + 14 * Self.hourMs - 1))
        #expect(!calendar.isOpen(atWallMs: Self.mondayMs + 14 * Self.hourMs))
    }
}
