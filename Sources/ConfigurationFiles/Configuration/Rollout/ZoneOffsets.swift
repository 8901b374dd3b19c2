import Declarations
import Foundation
import Model

/// The offsets of a time zone from two years ago to ten years ahead: the kernel has no time zones.
enum ZoneOffsets {
    static let utc = [ZoneOffset(fromWallMs: 0, seconds: 0)]

    /// Rising; nil for a name that is no time zone. Whole years are covered, so that a plan that is read again in the same
    /// year is the same.
    ///
    /// - Parameter year: of now.
    static func offsets(of name: String, year: Int) -> [ZoneOffset]? {
        guard let zone = TimeZone(identifier: name) else { return nil }
        let begin = Date(timeIntervalSince1970: Double(LocalTime.days(before: max(1_970, year - 2))) * 86_400)
        let end = Date(timeIntervalSince1970: Double(LocalTime.days(before: year + 11)) * 86_400)
        // The first one holds before as well.
        var offsets = [ZoneOffset(fromWallMs: 0, seconds: zone.secondsFromGMT(for: begin))]
        var last = begin
        while let next = zone.nextDaylightSavingTimeTransition(after: last), next > last, next < end,
            offsets.count < 200
        {
            offsets.append(offset(zone, next))
            last = next
        }
        return offsets
    }

    private static func offset(_ zone: TimeZone, _ date: Date) -> ZoneOffset {
        ZoneOffset(
            fromWallMs: Int64(date.timeIntervalSince1970 * 1_000), seconds: zone.secondsFromGMT(for: date))
    }

    static var presentYear: Int { LocalTime.year(ofDay: Int64(Date().timeIntervalSince1970) / 86_400) }

    /// Names like this one.
    static func suggestion(for name: String) -> String {
        // The list is long, and few of its names can be meant.
        let city = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let alike = TimeZone.knownTimeZoneIdentifiers.filter { known in
            known.lowercased().hasPrefix(name.prefix(2).lowercased()) || known.lowercased().hasSuffix("/" + city)
        }
        // `Berlin` means `Europe/Berlin`.
        let exact = alike.first { $0.lowercased().hasSuffix("/" + city) }
        return exact.map { "; did you mean '\($0)'?" } ?? Quote.suggestion(for: name, among: alike)
    }

    /// The time that a clock of the zone shows at `localMs`; the earlier one where it shows it twice.
    static func wallMs(localMs: Int64, offsets: [ZoneOffset]) -> Int64 {
        func offsetMs(at wallMs: Int64) -> Int64 {
            Int64((offsets.last { $0.fromWallMs <= wallMs } ?? offsets.first)?.seconds ?? 0) * 1_000
        }
        let (before, after) = (offsetMs(at: localMs - 86_400_000), offsetMs(at: localMs + 86_400_000))
        return offsetMs(at: localMs - before) == before ? localMs - before : localMs - after
    }
}

extension Field {
    /// A time zone's name with its offsets; nil after an error.
    func timeZone() -> (name: String, offsets: [ZoneOffset])? {
        guard let name = line(limit: 60) else { return nil }
        guard let offsets = ZoneOffsets.offsets(of: name, year: ZoneOffsets.presentYear) else {
            fail(
                "\(label) must be the name of a time zone such as UTC or Europe/Berlin, got \(Quote.value(name))"
                    + ZoneOffsets.suggestion(for: name))
            return nil
        }
        return (name, offsets)
    }
}
