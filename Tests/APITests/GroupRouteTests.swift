import Foundation
import Model
import Testing

@testable import API

@Suite("Groups in the API")
struct GroupRouteTests {
    private static let body =
        #"{"release":"cart","sick_release":"checkout","incident":"checkout-17","reason":"errors"}"#
    private static let versioned =
        #"{"release":"cart","sick_release":"checkout","incident":"checkout-17","reason":"errors","from_version":"v2","to_version":"v1"}"#
    private static let link = GroupLink(
        group: "shop", release: "checkout", incident: "checkout-17", key: "us-checkout-17")

    private static func post(
        _ console: LiveConsole, _ kind: String, _ body: String, key: String? = "us-checkout-17"
    ) async throws -> (status: Int, body: [UInt8]) {
        let headers = ["Content-Length: \(body.utf8.count)"] + (key.map { ["Idempotency-Key: \($0)"] } ?? [])
        let reply = try await console.send("POST", "/api/v1/groups/shop/\(kind)", headers: headers, body: body)
        return (reply.status, Array(reply.body))
    }

    @Test func anOrderComesThrough() async throws {
        try await LiveConsole.run { console in
            let statuses = [
                try await Self.post(console, "prepare", Self.body).status,
                try await Self.post(console, "commit", Self.versioned).status,
            ]
            #expect(statuses == [200, 200])
            let versions = GroupVersions(from: "v2", to: "v1")
            #expect(
                await console.operations.asked == [
                    .group(GroupOrder(kind: .prepare, release: "cart", link: Self.link, reason: "errors")),
                    .group(
                        GroupOrder(
                            kind: .commit, release: "cart", link: Self.link, versions: versions, reason: "errors")),
                ])
        }
    }

    @Test(arguments: [
        ("prepare", Self.body, nil), ("prepare", "{}", "key"), ("commit", Self.body, "key"),
        ("prepare", Self.body, "with a space"),
    ])
    func whatIsUnclearIsRefused(_ kind: String, _ body: String, _ key: String?) async throws {
        try await LiveConsole.run { console in
            let status = try await Self.post(console, kind, body, key: key).status
            #expect(status == 400)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    /// What one daemon answers is what another one reads.
    @Test(arguments: [
        (GroupAnswer.ready(GroupVersions(from: "v2", to: "v1")), 200), (.going(incident: "cart-18"), 200),
        (.idle(reason: "no traffic"), 200), (.refused(reason: "sick"), 409), (.stale(reason: "v3"), 409),
        (.held(reason: "away"), 409), (.unknown(reason: "not yet"), 503),
    ])
    func anAnswerIsReadAsItWasGiven(_ answer: GroupAnswer, _ status: Int) async throws {
        let contract = try APIContract(OpenAPIDocument.bytes)
        try await LiveConsole.run(.init(groupAnswer: answer)) { console in
            let reply = try await Self.post(console, "commit", Self.versioned)
            #expect(reply.status == status)
            #expect(GroupAnswerDocument.answer(reply.body, status: status) == answer)
            let value = try JSONSerialization.jsonObject(with: Data(reply.body))
            let schema = try #require(contract.answer("POST /api/v1/groups/{name}/commit", status: status))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }

    @Test func whatIsNoAnswerIsNone() {
        #expect(GroupAnswerDocument.answer(Array("<html>".utf8), status: 502) == nil)
        #expect(
            GroupAnswerDocument.answer(Array(#"{"error":"no"}"#.utf8), status: 401)
                == .unknown(reason: "its daemon answered with status 401: no"))
        #expect(
            GroupAnswerDocument.answer(Array(#"{"answer":"going","text":"x"}"#.utf8), status: 200)
                == .unknown(reason: "x"))
    }

    @Test func whatIsSentIsWhatTheContractHas() throws {
        let contract = try APIContract(OpenAPIDocument.bytes)
        let schema = try #require(contract.body("POST /api/v1/groups/{name}/commit"))
        let order = GroupOrder(
            kind: .commit, release: "cart", link: Self.link, versions: GroupVersions(from: "v2", to: "v1"), reason: "")
        let value = try JSONSerialization.jsonObject(with: Data(GroupOrderDocument(order).json))
        #expect(contract.check.violations(value, schema: schema) == [])
    }

    @Test func anIncidentShowsItsGroup() async throws {
        let cart = GroupCompanion(release: "cart")
        let payment = GroupCompanion(release: "payment", daemon: "https://eu.example:9464")
        let events: [GroupEvent] = [
            .begun(GroupWork(group: "shop", key: "k", onRefusal: .goWithout, companions: [cart, payment])),
            .decided(
                GroupDecision(
                    goes: [.init(cart, GroupVersions(from: "v9", to: "v8"))],
                    stays: [.init(payment, "its baseline is away", isRefusal: true)])),
            .committed(cart, incident: "cart-31"),
        ]
        var incident = Sample.incident
        for (index, event) in events.enumerated() {
            incident.apply(
                JournalEntry(
                    sequence: UInt64(index + 30), wallMs: Sample.atMs, release: "checkout", incident: "checkout-17",
                    event: .group(event)))
        }
        var snapshot = Sample.snapshot
        snapshot.incidents = [incident]
        let contract = try APIContract(OpenAPIDocument.bytes)
        try await LiveConsole.run(.init(snapshot: snapshot)) { console in
            let body = try await console.get("/api/v1/incidents/checkout-17").body
            let found = try JSONDecoder().decode(IncidentDocument.self, from: Data(body))
            #expect(found.group?.goes.map(\.incident) == ["cart-31"])
            #expect(found.group?.stays.map(\.refused) == [true])
            #expect(found.group?.state == "decided")
            let schema = try #require(contract.answer("GET /api/v1/incidents/{id}", status: 200))
            let value = try JSONSerialization.jsonObject(with: Data(body))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }
}
