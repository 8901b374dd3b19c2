import Model
import Testing

@testable import API

@Suite("Silences and acknowledgements")
struct NotificationRouteTests {
    private static func post(_ console: LiveConsole, _ path: String, _ body: String) async throws -> Int {
        try await console.send("POST", path, headers: ["Content-Length: \(body.utf8.count)"], body: body).status
    }

    private static func expect(_ status: Int, _ answered: Int) async throws { #expect(answered == status) }

    @Test func anAcknowledgementNamesItsSubjectAndReason() async throws {
        try await LiveConsole.run { console in
            let body = #"{"reason":"repairing","by":"ann"}"#
            try await Self.expect(202, Self.post(console, "/api/v1/acknowledge/checkout-17", body))
            try await Self.expect(400, Self.post(console, "/api/v1/acknowledge/checkout-17", "{}"))
            let asked = await console.operations.asked
            #expect(asked == [.acknowledge("checkout-17", by: "ann", reason: "repairing")])
        }
    }

    @Test func aSilenceNamesWhatItHides() async throws {
        try await LiveConsole.run { console in
            let body = """
                {"release":"check*","severity":["info","warning"],"labels":["team=a=b"],"for_seconds":60,"reason":"r","by":"ann"}
                """
            try await Self.expect(202, Self.post(console, "/api/v1/silences", body))
            let match = NotificationMatch(
                releases: ["check*"], severities: [.info, .warning], labels: [.init(name: "team", value: "a=b")])
            #expect(
                await console.operations.asked == [.silence(match, forMs: 60_000, by: "ann", reason: "r")])
            try await Self.expect(202, Self.post(console, "/api/v1/silences/silence-3/end", #"{"by":"ann"}"#))
            #expect(await console.operations.asked.last == .endSilence("silence-3", by: "ann"))
        }
    }

    @Test(arguments: [
        "{}", #"{"reason":"r"}"#, #"{"for_seconds":60}"#, #"{"reason":"r","for_seconds":0}"#,
        #"{"reason":"r","for_seconds":604801}"#, #"{"reason":"r","for_seconds":60,"event":"x"}"#,
        #"{"reason":"r","for_seconds":60,"severity":"page"}"#, #"{"reason":"r","for_seconds":60,"labels":"team"}"#,
        #"{"reason":"r","for_seconds":60,"releases":"checkout"}"#,
    ])
    func aSilenceThatIsUnclearIsRefused(_ body: String) async throws {
        try await LiveConsole.run { console in
            try await Self.expect(400, Self.post(console, "/api/v1/silences", body))
            #expect(await console.operations.asked.isEmpty)
        }
    }

    // MARK: Links in messages

    /// Without any token of a caller's own: that of the link is enough, and only for what it names.
    @Test func aLinkOfAMessageAcknowledgesItsIncidentAlone() async throws {
        try await LiveConsole.run { console in
            let body = #"{"token":"valid"}"#
            let read = try await console.send(
                "POST", "/api/v1/links/read", headers: ["Content-Length: \(body.utf8.count)"], body: body)
            #expect(read.status == 200 && String(decoding: read.body, as: UTF8.self).contains(#""expired":false"#))
            #expect(await console.operations.asked.isEmpty, "reading a link does nothing")
            try await Self.expect(202, Self.post(console, "/api/v1/links/use", #"{"token":"valid","by":"ann"}"#))
            #expect(
                await console.operations.asked == [
                    .acknowledge(
                        "checkout-17", by: "ann, by a link in a message", reason: "acknowledged from a message")
                ])
        }
    }

    @Test func aLinkThatHasExpiredOrIsForgedDoesNothing() async throws {
        try await LiveConsole.run { console in
            let read = try await Self.post(console, "/api/v1/links/read", #"{"token":"expired"}"#)
            #expect(read == 200, "a reader is shown that it has expired")
            try await Self.expect(403, Self.post(console, "/api/v1/links/use", #"{"token":"expired"}"#))
            try await Self.expect(403, Self.post(console, "/api/v1/links/use", #"{"token":"forged"}"#))
            try await Self.expect(403, Self.post(console, "/api/v1/links/read", #"{"token":"forged"}"#))
            try await Self.expect(400, Self.post(console, "/api/v1/links/use", "{}"))
            #expect(await console.operations.asked.isEmpty)
        }
    }
}
