import Foundation
import Model
import Ports
import Testing

@testable import TargetSources

@Suite("The etcd source with a real etcd", .enabled(if: RealProgram.path("etcd") != nil, "needs etcd"))
struct EtcdLiveTests {
    @Test func keysThatChangeAreTargetsThatChange() async throws {
        try await Live.inFolder { folder in
            let (url, peers) = ("http://127.0.0.1:\(Live.port())", "http://127.0.0.1:\(Live.port())")
            let program = try RealProgram(
                "etcd",
                [
                    "--data-dir", "data", "--listen-client-urls", url, "--advertise-client-urls", url,
                    "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
                    "default=\(peers)", "--log-level", "error",
                ], folder: folder)
            defer { program.stop() }
            try await Live.eventually { await Live.call("GET", url + "/health") != nil }
            func put(_ key: String, _ value: String, token: String? = nil) async {
                let headers = token.map { [TextPair("Authorization", $0)] } ?? []
                let body = "{\"key\":\"\(SourceBench.base64(key))\",\"value\":\"\(SourceBench.base64(value))\"}"
                #expect(await Live.call("POST", url + "/v3/kv/put", body, headers: headers) != nil)
            }
            var plan = EtcdSourcePlan()
            // The first member is away.
            (plan.endpoints, plan.prefix, plan.refreshMs) = (["http://127.0.0.1:9", url], "/shop/", 60_000)
            let source = RunningSource()
            await source.start(EtcdSource(plan: plan, setup: Live.setup()))
            try await source.lists([])
            // Well before the next regular reading, so by the watch.
            await put("/shop/a", "10.0.0.1:80")
            try await source.lists(["10.0.0.1:80"])
            await put("/shop/b", "{\"targets\":[\"10.0.0.2:80\"],\"labels\":{\"version\":\"v2\"}}")
            await put("/shopping", "10.0.0.9:80")
            try await source.lists(["10.0.0.1:80", "10.0.0.2:80"])
            let gone = "{\"key\":\"\(SourceBench.base64("/shop/a"))\"}"
            #expect(await Live.call("POST", url + "/v3/kv/deleterange", gone) != nil)
            try await source.lists(["10.0.0.2:80"])
            #expect(await source.answers.last?.labels?.first?["version"] == "v2")
            await put("/shop/c", "not a target")
            try await source.fails("the key /shop/c")
            await source.stop()
            try await users(url, plan)
        }
    }

    /// With authentication on, the wrong password is a failure without the password, the right one reads.
    private func users(_ url: String, _ plan: EtcdSourcePlan) async throws {
        for (path, body) in [
            ("kv/deleterange", "{\"key\":\"\(SourceBench.base64("/shop/c"))\"}"),
            ("auth/user/add", "{\"name\":\"root\",\"password\":\"\(Live.secrets["ROOT"] ?? "")\"}"),
            ("auth/role/add", "{\"name\":\"root\"}"), ("auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}"),
            ("auth/enable", "{}"),
        ] { #expect(await Live.call("POST", "\(url)/v3/\(path)", body) != nil, "\(path)") }
        for (secret, isRight) in [("ROOT", true), ("WRONG", false)] {
            var plan = plan
            plan.endpoints = [url]
            plan.security.authorization = .basic(user: "root", password: .environment(secret))
            let answer = await Sources.answers(EtcdSource(plan: plan, setup: Live.setup()), 1).first
            #expect((answer?.addresses == ["10.0.0.2:80"]) == isRight, "\(answer?.reason ?? "")")
            #expect(answer?.reason?.contains("secret") != true)
        }
    }
}
