import Foundation
import HTTPClient
import Model
import SourceCalls
import Testing

@testable import Centres

/// A server with access control, whose master token may do everything.
struct RealConsul {
    let address: String
    let token: String

    static func run(_ work: (RealConsul) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let port = Live.port()
            let token = Live.secrets.secrets["MASTER"] ?? ""
            let configuration = """
                {"ports":{"http":\(port),"dns":-1,"grpc":-1,"serf_wan":-1,"serf_lan":\(Live.port()),"server":\(Live.port())},
                 "acl":{"enabled":true,"default_policy":"deny","tokens":{"master":"\(token)","agent":"\(token)"}},
                 "disable_update_check":true}
                """
            try configuration.write(toFile: folder + "/consul.json", atomically: true, encoding: .utf8)
            let program = try RealProgram(
                "consul",
                [
                    "agent", "-server", "-bootstrap-expect=1", "-bind=127.0.0.1", "-data-dir", "data", "-config-file",
                    "consul.json",
                ], folder: folder)
            defer { program.stop() }
            let consul = RealConsul(address: "http://127.0.0.1:\(port)", token: token)
            try await Live.eventually {
                await consul.call("GET", "/v1/catalog/nodes")?.contains("\"Node\"") == true
            }
            try await work(consul)
        }
    }

    @discardableResult
    func call(_ method: String, _ path: String, _ body: String? = nil) async -> String? {
        await Live.call(method, address + path, body, headers: [TextPair("X-Consul-Token", token)])
    }

    var plan: ConsulCentrePlan {
        var plan = ConsulCentrePlan()
        (plan.address, plan.token, plan.waitMs) = (address, .environment("MASTER"), 60_000)
        return plan
    }
}

@Suite(
    "The consul centre with a real Consul",
    .enabled(if: RealProgram.path("consul") != nil, "needs consul, which scripts/setup.sh test unpacks where it can"))
struct ConsulCentreTests {
    @Test func aChangeIsWrittenWholeReadWholeAndRefusedWhenItComesSecond() async throws {
        try await RealConsul.run { consul in
            let centre = ConsulCentre(plan: consul.plan, setup: Live.setup)
            #expect(try await centre.read().files.isEmpty)
            let writer = try #require(centre.writer)
            let files = Live.files(["releases/a.yaml": "name: a", "rules/b.yaml": "groups: []"])
            _ = try await writer.write(Live.change(files, revision: 1, replacing: nil))
            let first = try await centre.read()
            #expect(first.files.filter { $0.path != "manifest" } == files)
            let other = Live.files(["releases/a.yaml": "name: other"])
            let error = await #expect(throws: SourceError.self) {
                try await writer.write(Live.change(other, revision: 1, replacing: nil))
            }
            #expect(error?.status == 409)
            #expect(try await centre.read().files == first.files)
            let revision = try await writer.write(
                Live.change(other, removed: ["rules/b.yaml"], revision: 2, replacing: first.manifestVersion))
            let second = try await centre.read()
            #expect(second.revision == revision)
            #expect(second.files.filter { $0.path != "manifest" } == other)
            try await changesEndTheWait(consul, centre, second)
            try await lostRightsAreNoAbsence(consul)
        }
    }

    private func changesEndTheWait(
        _ consul: RealConsul, _ centre: ConsulCentre, _ reading: CentreReading
    ) async throws {
        async let waited = milliseconds { try await centre.waitForChange(after: reading) }
        try await Task.sleep(for: .milliseconds(300))
        await consul.call("PUT", "/v1/kv/rollguard/v1/rules/c.yaml", "3")
        #expect(try await waited < 20_000)
        #expect(try await centre.read().files.contains { $0.path == "rules/c.yaml" })
    }

    /// A token without rights gets 404 for the prefix, as if it were absent.
    private func lostRightsAreNoAbsence(_ consul: RealConsul) async throws {
        let created = await consul.call(
            "PUT", "/v1/acl/token", "{\"SecretID\":\"0b3f7b8e-2c3a-4b0e-9f53-6a1f0c9d7a22\",\"Policies\":[]}")
        #expect(created != nil)
        let secrets = FixedSecrets(secrets: ["NONE": "0b3f7b8e-2c3a-4b0e-9f53-6a1f0c9d7a22", "WRONG": "x-badbad"])
        let setup = CallSetup(
            transport: CurlTransport(userAgent: "Rollguard tests", secrets: secrets), secrets: secrets,
            clock: Live.setup.clock)
        for name in ["NONE", "WRONG"] {
            var plan = consul.plan
            plan.token = .environment(name)
            let centre = ConsulCentre(plan: plan, setup: setup)
            let error = await #expect(throws: SourceError.self, "\(name)") { try await centre.read() }
            #expect(error?.status == 403 && error?.reason.contains("badbad") == false, "\(error?.reason ?? "")")
        }
    }
}
