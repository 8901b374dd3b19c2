import Foundation
import Model
import Testing

@testable import API

/// A fleet in the API: who has what, and what is answered about a release that other members watch.
struct FleetRouteTests {
    private static let fleet: FleetReport = {
        var fleet = FleetReport(copies: 2)
        fleet.assignment = 3
        fleet.members = [
            FleetReport.Member(
                name: "rg-1", address: "http://rg-1.example", isSelf: true, isCoordinator: true, targets: 4,
                capacity: 100,
                leads: 1, watches: 1, ready: 1),
            FleetReport.Member(name: "rg-2", address: "http://rg-2.example", targets: 2, leads: 1, watches: 1),
            FleetReport.Member(name: "rg-3"),
        ]
        fleet.shards = [
            FleetReport.Shard(
                index: 0, releases: ["checkout", "shop"], owner: "rg-1", standbys: ["rg-2"], state: .steady),
            FleetReport.Shard(index: 1, releases: ["search"], owner: "rg-2", standbys: ["rg-3"], state: .moving),
            FleetReport.Shard(index: 2, releases: ["cart-api"], state: .unwatched),
            FleetReport.Shard(index: 3, state: .steady),
        ]
        fleet.units = ["cart": 2]
        return fleet
    }()

    private static var snapshot: Snapshot {
        var snapshot = Sample.led
        snapshot.fleet = fleet
        return snapshot
    }

    private static func json(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test(arguments: [("GET /api/v1/fleet", "/api/v1/fleet"), ("GET /api/v1/status", "/api/v1/status")])
    func isDescribed(name: String, path: String) async throws {
        let contract = try APIContract(OpenAPIDocument.bytes)
        try await LiveConsole.run(.init(snapshot: Self.snapshot)) { console in
            let value = try JSONSerialization.jsonObject(with: Data(try await console.get(path).body))
            let schema = try #require(contract.answer(name, status: 200))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }

    @Test func theStatusCountsReleases() {
        let summary = FleetSummary(Self.fleet)
        #expect(summary.members == 3 && summary.releases == 4 && summary.leads == 2 && summary.watches == 2)
        #expect(summary.moving == 1 && summary.unwatched == 1)
    }

    @Test(arguments: [
        ("/api/v1/releases/search", "ask rg-2 (http://rg-2.example), which leads it, or rg-3"),
        ("/api/v1/releases/search/rollouts", "ask rg-2 (http://rg-2.example)"),
        ("/api/v1/releases/cart", "no member of the fleet watches cart"),
    ])
    func aReleaseOfOtherMembersIsAnsweredWithTheirAddresses(path: String, text: String) async throws {
        try await LiveConsole.run(.init(snapshot: Self.snapshot)) { console in
            let reply = try await console.get(path)
            let body = try Self.json(Array(reply.body))
            #expect(reply.status == 404 && body["code"] as? String == "watched_elsewhere")
            #expect((body["error"] as? String)?.contains(text) == true, "\(body)")
        }
    }

    @Test func aReleaseOfNoMemberIsUnknown() async throws {
        try await LiveConsole.run(.init(snapshot: Self.snapshot)) { console in
            let reply = try await console.get("/api/v1/releases/none")
            #expect(try reply.status == 404 && Self.json(Array(reply.body))["code"] == nil)
        }
    }
}
