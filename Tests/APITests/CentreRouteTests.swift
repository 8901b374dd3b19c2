import Foundation
import Model
import Testing

@testable import API

@Suite("Orders about the centre in the API")
struct CentreRouteTests {
    private static func post(_ console: LiveConsole, _ name: String, _ body: String) async throws -> Int {
        try await console.send(
            "POST", "/api/v1/centre/\(name)", headers: ["Content-Length: \(body.utf8.count)"], body: body
        ).status
    }

    @Test func anOrderComesThrough() async throws {
        try await LiveConsole.run { console in
            let statuses = [
                try await Self.post(console, "use", #"{"state":"41","by":"ann","reason":"bad push","force":"true"}"#),
                try await Self.post(console, "unpin", #"{"by":"ann"}"#),
                try await Self.post(console, "detach", #"{"by":"ann"}"#),
                try await Self.post(console, "attach", #"{"by":"ann"}"#),
            ]
            #expect(statuses == [200, 200, 200, 200])
            #expect(
                await console.operations.asked == [
                    .centre(.use(state: "41", isForced: true), by: "ann", reason: "bad push"),
                    .centre(.unpin(isForced: false), by: "ann", reason: ""),
                    .centre(.detach, by: "ann", reason: ""), .centre(.attach, by: "ann", reason: ""),
                ])
        }
    }

    @Test(arguments: [("use", "{}"), ("use", #"{"state":"41","force":"yes"}"#), ("unpin", #"{"stat":"41"}"#)])
    func whatIsUnclearIsRefused(_ name: String, _ body: String) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, name, body)
            #expect(status == 400)
            #expect(await console.operations.asked.isEmpty)
        }
    }
}
