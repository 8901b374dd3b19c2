import Foundation
import Model
import SourceCalls
import Testing

@testable import Centres

/// One member on loopback.
struct RealEtcd {
    let url: String
    let folder: String
    let program: RealProgram

    static func run(_ work: (RealEtcd) async throws -> Void) async throws {
        try await Live.inFolder { folder in
            let etcd = try await start(in: folder)
            defer { etcd.program.stop() }
            try await work(etcd)
        }
    }

    static func start(in folder: String, data: String = "data") async throws -> RealEtcd {
        let (url, peers) = ("http://127.0.0.1:\(Live.port())", "http://127.0.0.1:\(Live.port())")
        let program = try RealProgram(
            "etcd",
            [
                "--data-dir", data, "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
                "default=\(peers)", "--log-level", "error",
            ], folder: folder)
        try await Live.eventually { await Live.call("GET", url + "/health") != nil }
        return RealEtcd(url: url, folder: folder, program: program)
    }

    func plan(_ prefix: String = "rollguard/v1/") -> EtcdCentrePlan {
        var plan = EtcdCentrePlan()
        // The first member is away.
        (plan.endpoints, plan.prefix, plan.refreshMs) = (["http://127.0.0.1:9", url], prefix, 60_000)
        return plan
    }

    func put(_ key: String, _ value: String) async {
        let body = "{\"key\":\"\(Live.base64(key))\",\"value\":\"\(Live.base64(value))\"}"
        #expect(await Live.call("POST", url + "/v3/kv/put", body) != nil)
    }
}

@Suite("The etcd centre with a real etcd", .enabled(if: RealProgram.path("etcd") != nil, "needs etcd"))
struct EtcdCentreTests {
    @Test func aChangeIsWrittenWholeReadWholeAndRefusedWhenItComesSecond() async throws {
        try await RealEtcd.run { etcd in
            let centre = EtcdCentre(plan: etcd.plan(), setup: Live.setup)
            let empty = try await centre.read()
            #expect(empty.files.isEmpty && empty.manifestVersion == nil)
            let writer = try #require(centre.writer)
            let files = Live.files(["releases/a.yaml": "name: a", "rules/b.yaml": "groups: []"])
            _ = try await writer.write(Live.change(files, revision: 1, replacing: nil))
            await etcd.put("rollguard/v10", "foreign")
            let first = try await centre.read()
            #expect(first.files.map(\.path) == ["manifest", "releases/a.yaml", "rules/b.yaml"])
            #expect(first.files.filter { $0.path != "manifest" } == files)
            // One that was made for the absence of a manifest comes too late, and writes nothing.
            let other = Live.files(["releases/a.yaml": "name: other"])
            await #expect(throws: SourceError.self) {
                try await writer.write(Live.change(other, revision: 1, replacing: nil))
            }
            let after = try await centre.read()
            #expect(after.files == first.files)
            let revision = try await writer.write(
                Live.change(other, removed: ["rules/b.yaml"], revision: 2, replacing: first.manifestVersion))
            let second = try await centre.read()
            #expect(second.revision == revision)
            #expect(second.files.filter { $0.path != "manifest" } == other)
            await #expect(throws: SourceError.self, "the manifest is another one") {
                try await writer.write(Live.change(files, revision: 3, replacing: first.manifestVersion))
            }
        }
    }

    @Test func moreKeysThanOnePartAreReadAtOneRevision() async throws {
        try await RealEtcd.run { etcd in
            for number in 0..<450 { await etcd.put("rollguard/v1/rules/\(number).yaml", "v\(number)") }
            let reading = try await EtcdCentre(plan: etcd.plan(), setup: Live.setup).read()
            #expect(reading.files.count == 450)
            #expect(Set(reading.files.map(\.path)).count == 450)
        }
    }

    /// Well before the next regular reading, so by the watch.
    @Test func aChangeEndsTheWait() async throws {
        try await RealEtcd.run { etcd in
            await etcd.put("rollguard/v1/rules/a.yaml", "1")
            let centre = EtcdCentre(plan: etcd.plan(), setup: Live.setup)
            let reading = try await centre.read()
            async let waited = milliseconds { try await centre.waitForChange(after: reading) }
            try await Task.sleep(for: .milliseconds(300))
            await etcd.put("rollguard/v1/rules/a.yaml", "2")
            #expect(try await waited < 20_000)
            #expect(try await centre.read().files == Live.files(["rules/a.yaml": "2"]))
        }
    }

    /// A watch from a revision that a restored cluster does not have is silent; the regular reading finds the change.
    @Test func aWatchThatIsSilentForEverEndsWithTheRefresh() async throws {
        try await RealEtcd.run { etcd in
            await etcd.put("rollguard/v1/rules/a.yaml", "1")
            var plan = etcd.plan()
            plan.refreshMs = 1_500
            let centre = EtcdCentre(plan: plan, setup: Live.setup)
            var reading = try await centre.read()
            reading.revision = "1000000"
            let waited = try await milliseconds { try await centre.waitForChange(after: reading) }
            #expect((1_400..<15_000).contains(waited))
            #expect(try await centre.read().order == UInt64(try await centre.read().revision))
        }
    }

    /// The revision from which is watched was compacted: the watch is cancelled at once, and the keys are read again long
    /// before the regular reading.
    @Test func aCompactionUnderAWatchEndsTheWait() async throws {
        try await RealEtcd.run { etcd in
            await etcd.put("rollguard/v1/rules/a.yaml", "1")
            let centre = EtcdCentre(plan: etcd.plan(), setup: Live.setup)
            let old = try await centre.read()
            for number in 2...6 { await etcd.put("rollguard/v1/rules/a.yaml", "\(number)") }
            let revision = try await centre.read().revision
            #expect(
                await Live.call("POST", etcd.url + "/v3/kv/compaction", "{\"revision\":\"\(revision)\"}") != nil)
            let waited = try await milliseconds { try await centre.waitForChange(after: old) }
            #expect(waited < 20_000)
            #expect(try await centre.read().files == Live.files(["rules/a.yaml": "6"]))
        }
    }

    /// A member that lost its quorum gives no answer that may be old: the reading is an error in bounded time.
    @Test func aMemberWithoutALeaderGivesNoReading() async throws {
        try await Live.inFolder { folder in
            let names = ["a", "b", "c"]
            let peers = names.map { _ in "http://127.0.0.1:\(Live.port())" }
            let urls = names.map { _ in "http://127.0.0.1:\(Live.port())" }
            let cluster = zip(names, peers).map { "\($0)=\($1)" }.joined(separator: ",")
            let members = try names.indices.map { index in
                try RealProgram(
                    "etcd",
                    [
                        "--name", names[index], "--data-dir", names[index], "--listen-client-urls", urls[index],
                        "--advertise-client-urls", urls[index], "--listen-peer-urls", peers[index],
                        "--initial-advertise-peer-urls", peers[index], "--initial-cluster", cluster, "--log-level",
                        "error",
                    ], folder: folder)
            }
            defer { members[0].stop() }
            try await Live.eventually { await Live.call("GET", urls[0] + "/health")?.contains("true") == true }
            var plan = EtcdCentrePlan()
            (plan.endpoints, plan.refreshMs) = ([urls[0]], 2_000)
            let centre = EtcdCentre(plan: plan, setup: Live.setup)
            let body = "{\"key\":\"\(Live.base64("rollguard/v1/rules/a.yaml"))\",\"value\":\"MQ==\"}"
            try await Live.eventually { await Live.call("POST", urls[0] + "/v3/kv/put", body) != nil }
            let reading = try await centre.read()
            #expect(reading.files.count == 1)
            members[1].stop()
            members[2].stop()
            await #expect(throws: SourceError.self) { try await centre.read() }
            try await centre.waitForChange(after: reading)
            await #expect(throws: SourceError.self) { try await centre.read() }
        }
    }

    @Test func usersAreLoggedInAndNoSecretIsShown() async throws {
        try await RealEtcd.run { etcd in
            for (path, body) in [
                ("auth/user/add", "{\"name\":\"root\",\"password\":\"\(Live.secrets.secrets["ROOT"] ?? "")\"}"),
                ("auth/role/add", "{\"name\":\"root\"}"), ("auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}"),
                ("auth/enable", "{}"),
            ] { #expect(await Live.call("POST", "\(etcd.url)/v3/\(path)", body) != nil, "\(path)") }
            var plan = etcd.plan()
            plan.security.authorization = .basic(user: "root", password: .environment("ROOT"))
            let centre = EtcdCentre(plan: plan, setup: Live.setup)
            let writer = try #require(centre.writer)
            let files = Live.files(["rules/a.yaml": "1"])
            _ = try await writer.write(Live.change(files, revision: 1, replacing: nil))
            #expect(try await centre.read().files.count == 2)
            plan.security.authorization = .basic(user: "root", password: .environment("WRONG"))
            let refused = EtcdCentre(plan: plan, setup: Live.setup)
            let error = await #expect(throws: SourceError.self) { try await refused.read() }
            #expect(error?.reason.contains("badbad") == false)
        }
    }
}
