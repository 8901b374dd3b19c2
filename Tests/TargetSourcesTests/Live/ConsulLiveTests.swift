import Discovery
import Foundation
import Model
import Ports
import Testing

@testable import TargetSources

@Suite(
    "The consul source with a real Consul",
    .enabled(if: RealProgram.path("consul") != nil, "needs consul, which scripts/setup.sh test unpacks where it can"))
struct ConsulLiveTests {
    @Test func registrationsThatChangeAreTargetsThatChange() async throws {
        try await RealConsul.run { consul in
            let source = RunningSource()
            await source.start(ConsulSource(plan: consul.plan, setup: Live.setup()))
            try await source.lists([])
            await consul.register("c1", "10.0.0.1", version: "v1")
            try await source.lists(["10.0.0.1:9090"])
            await consul.register("c2", "10.0.0.2", version: "v2")
            try await source.lists(["10.0.0.1:9090", "10.0.0.2:9090"])
            await consul.call("PUT", "/v1/agent/service/deregister/c1")
            try await source.lists(["10.0.0.2:9090"])
            let labels = await source.answers.last?.labels?.first
            #expect(labels?["__meta_consul_service_metadata_version"] == "v2")
            await source.stop()
            // An unknown token is a failure; one that Consul has refused is not repeated.
            var plan = consul.plan
            plan.token = .environment("WRONG")
            let refused = await Sources.answers(ConsulSource(plan: plan, setup: Live.setup()), 1).first?.reason
            #expect(refused?.contains("403") == true && refused?.contains("badbad") == false, "\(refused ?? "")")
        }
    }

    /// vmagent has the labels of Prometheus, and some more for tags.
    @Test(.enabled(if: RealProgram.path("vmagent") != nil, "needs vmagent"))
    func theLabelsAreThoseOfAnotherImplementation() async throws {
        try await RealConsul.run { consul in
            await consul.register("c1", "10.0.0.1", version: "v1")
            await consul.register("c2", "", version: "v2")
            let ours = await Sources.answers(ConsulSource(plan: consul.plan, setup: Live.setup()), 1).first?.labels
            let job = """
                consul_sd_configs: [{server: '\(consul.address)', services: [checkout], token: '\(consul.token)'}]
                """
            let theirs = try await VMAgent.labels(job: job, folder: consul.folder, count: 2)
            for labels in try #require(ours) {
                let other = try #require(theirs.first { $0["__address__"] == labels["__address__"] })
                let known = other.filter {
                    !$0.key.hasPrefix("__meta_consul_tag_") && !$0.key.hasPrefix("__meta_consul_tagpresent_")
                }
                #expect(VMAgent.meta(known) == VMAgent.meta(labels))
            }
        }
    }
}

/// A server with access control, whose master token may do everything.
struct RealConsul {
    let address: String
    let folder: String
    let token: String

    var plan: ConsulSourcePlan {
        var plan = ConsulSourcePlan()
        (plan.address, plan.service, plan.token, plan.waitMs) = (address, "checkout", .environment("MASTER"), 60_000)
        return plan
    }

    static func run(_ work: (RealConsul) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let port = Live.port()
            let token = Live.secrets["MASTER"] ?? ""
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
            let consul = RealConsul(address: "http://127.0.0.1:\(port)", folder: folder, token: token)
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

    func register(_ id: String, _ host: String, version: String) async {
        let body = """
            {"ID":"\(id)","Name":"checkout","Address":"\(host)","Port":9090,"Tags":["\(version)","x"],
             "Meta":{"version":"\(version)"}}
            """
        #expect(await call("PUT", "/v1/agent/service/register", body) != nil)
    }
}
