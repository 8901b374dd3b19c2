import Foundation
import Logging
import Testing

@testable import rollguard

@Suite("A line of the log")
struct DaemonLogTests {
    private static let line = LogLineText(
        level: .warning, message: "checkout: \"slow\" \u{7}",
        fields: [("incident", "checkout-17"), ("release", "checkout"), ("rule", "CanarySlow")],
        wallMs: 1_700_000_000_123)

    @Test(arguments: [
        (
            DaemonLog.Format.text,
            "2023-11-14T22:13:20.123Z warning checkout: \"slow\" \u{7} incident=checkout-17 rule=CanarySlow"
        ),
        (.journald, "<4>checkout: \"slow\" \u{7} incident=checkout-17 rule=CanarySlow"),
        (
            .json,
            #"{"time":"2023-11-14T22:13:20.123Z","level":"warning","message":"checkout: \"slow\" \u0007","#
                + #""incident":"checkout-17","release":"checkout","rule":"CanarySlow"}"#
        ),
    ])
    func hasTheSameContentInEveryFormat(_ format: DaemonLog.Format, _ expected: String) throws {
        #expect(Self.line.text(format) == expected)
        if format == .json {
            let object = try JSONSerialization.jsonObject(with: Data(Self.line.text(format).utf8)) as? [String: String]
            #expect(object?["message"] == "checkout: \"slow\" \u{7}")
        }
    }

    @Test(arguments: [
        (Logger.Level.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ])
    func hasThePriorityOfItsLevel(_ level: Logger.Level, _ priority: Int) {
        let line = LogLineText(level: level, message: "text", fields: [], wallMs: 0)
        #expect(line.text(.journald) == "<\(priority)>text")
    }
}
