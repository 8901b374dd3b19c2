import Foundation
import Model
import Testing

@testable import API

/// What changes something, on this machine and without a token.
struct CommandRouteTests {
    private static let rollback = "/api/v1/releases/checkout/rollback"

    @Test func aRollbackIsPassedOnAndTakenUp() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post(
                Self.rollback, #"{"reason":"bad deploy","to":"v1.4.2","by":"ann"}"#)
            #expect(reply.status == 202)
            let answer = try reply.decoded(CommandDocument.self)
            #expect(answer == CommandDocument(result: "accepted", text: "rolling back", incident: "checkout-17"))
            let asked = await console.operations.asked
            #expect(asked == [.rollback(release: "checkout", to: "v1.4.2", by: "ann", reason: "bad deploy")])
        }
    }

    @Test func aCallWithoutANameIsRecordedWithItsAddress() async throws {
        try await LiveConsole.run { console in
            _ = try await console.post("/api/v1/releases/a%20b/rearm", #"{"reason":"fixed"}"#)
            let asked = await console.operations.asked
            #expect(asked == [.rearm(release: "a b", by: "the API, from 127.0.0.1", reason: "fixed")])
        }
    }

    @Test func deliveriesAreSentAgainAndDropped() async throws {
        try await LiveConsole.run { console in
            let again = try await console.post("/api/v1/deliveries/resend", #"{"receiver":"oncall","by":"ann"}"#)
            let dropped = try await console.post(
                "/api/v1/deliveries/drop", #"{"id":"a-1-oncall","by":"ann","reason":"handled"}"#)
            #expect(again.status == 202 && dropped.status == 202)
            let asked = await console.operations.asked
            #expect(
                asked == [
                    .resend(.receiver("oncall"), by: "ann", reason: ""),
                    .drop(.id("a-1-oncall"), by: "ann", reason: "handled"),
                ])
        }
    }

    @Test(arguments: [
        ("resend", "{}"), ("resend", #"{"id":"a","receiver":"b"}"#), ("drop", #"{"id":"a"}"#),
    ])
    func deliveriesAreNamedOnceAndDroppedForAReason(call: String, body: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post("/api/v1/deliveries/\(call)", body)
            #expect(reply.status == 400)
            #expect(await console.operations.asked == [])
        }
    }

    @Test(arguments: ["", "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded"])
    func theContentTypeDoesNotMatter(header: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post(
                Self.rollback, #"{"reason":"x"}"#, headers: header.isEmpty ? [] : [header])
            #expect(reply.status == 202)
        }
    }

    @Test func aRefusalIsAConflictAndReadsAsAnErrorToo() async throws {
        try await LiveConsole.run(.init(result: .refused(text: "v9 is not a version"))) { console in
            let reply = try await console.post(Self.rollback, #"{"reason":"x"}"#)
            #expect(reply.status == 409)
            let expected = CommandDocument(result: "refused", text: "v9 is not a version", incident: nil)
            #expect(try reply.decoded(CommandDocument.self) == expected)
            #expect(try reply.decoded(ErrorDocument.self).error == "v9 is not a version")
        }
    }

    @Test func anUnknownReleaseIsNotFound() async throws {
        try await LiveConsole.run(.init(result: .notFound(text: "no release x"))) { console in
            let reply = try await console.post("/api/v1/releases/x/rearm", #"{"reason":"x"}"#)
            #expect(reply.status == 404)
            #expect(try reply.decoded(ErrorDocument.self).error == "no release x")
        }
    }

    @Test(arguments: [
        ("", "the body is empty"), ("reason", "not a JSON object"), (#"{"reason":""}"#, "\"reason\" is empty"),
        (#"{"by":"ann"}"#, "\"reason\" is missing"), (#"{"reason":"x","colour":"y"}"#, "unknown field \"colour\""),
        (#"{"reason":"x","to":7}"#, "\"to\" must be a text"),
    ])
    func aWrongBodyIsAnsweredWithWhatIsWrong(body: String, part: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post(Self.rollback, body)
            #expect(reply.status == 400)
            #expect(try reply.decoded(ErrorDocument.self).error.contains(part), "\(reply.text)")
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aBodyThatSaysItIsTooLargeIsRefusedUnread() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.send("POST", Self.rollback, headers: ["Content-Length: 262145"])
            #expect(reply.status == 413)
            #expect(try reply.decoded(ErrorDocument.self).error == "the body has more than 262144 bytes")
        }
    }

    @Test func aBodyThatTurnsOutTooLargeIsRefused() async throws {
        try await LiveConsole.run { console in
            let chunk = String(repeating: " ", count: 0x40000)
            let body = "40000\r\n\(chunk)\r\n1\r\n \r\n0\r\n\r\n"
            let reply = try await console.send(
                "POST", Self.rollback, headers: ["Transfer-Encoding: chunked"], body: body)
            #expect(reply.status == 413)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aConnectionWhoseBodyIsRefusedDoesNotStayOpenForTheRestOfIt() async throws {
        try await LiveConsole.run { console in
            let connection = try RawConnection(port: console.port)
            await connection.send("POST \(Self.rollback) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 262145\r\n\r\n")
            #expect(try await connection.reply().status == 413)
            #expect(await connection.isClosedByServer())
        }
    }

    @Test func aBodyOfTheLargestSizeIsTaken() async throws {
        try await LiveConsole.run { console in
            let start = #"{"reason":"x"}"#
            let body = start + String(repeating: " ", count: Route.bodyLimitBytes - start.utf8.count)
            let reply = try await console.post(Self.rollback, body)
            #expect(reply.status == 202)
        }
    }

    @Test func anOverflowingLengthIsNoCrash() async throws {
        try await LiveConsole.run { console in
            let reply = try? await console.send(
                "POST", Self.rollback, headers: ["Content-Length: 99999999999999999999999", "Connection: close"])
            #expect(reply?.status != 202)
            let after = try await console.get("/-/healthy")
            #expect(after.status == 200)
        }
    }

    @Test(arguments: [
        (CommandResult.accepted(text: "reloaded", incident: nil), 200), (.refused(text: "a.yaml:1: error: x"), 400),
    ])
    func aReloadAnswersAsTextAndAsJSON(result: CommandResult, status: Int) async throws {
        let text = if case .accepted = result { "reloaded" } else { "a.yaml:1: error: x" }
        try await LiveConsole.run(.init(result: result)) { console in
            let plain = try await console.post("/-/reload", "")
            #expect(plain.status == status)
            #expect(plain.text == text + "\n")
            let json = try await console.post("/api/v1/reload", "")
            #expect(json.status == status)
            #expect(try json.decoded(CommandDocument.self).text == text)
            #expect(await console.operations.asked == [.reload, .reload])
        }
    }
}
