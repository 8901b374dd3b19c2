import Foundation
import Model
import SourceCalls
import Testing

@testable import Centres

@Suite("The share of a release in a centre")
struct SharePolicyTests {
    @Test(
        arguments: [
            ("10", 1_000), ("0", 0), ("100", 10_000), ("12.5", 1_250), ("0.01", 1), (" 5\n", 500), ("99.99", 9_999),
            ("", nil), ("ten", nil), ("101", nil), ("-1", nil), ("1.005", nil), ("1.", nil), (".5", nil), ("1e1", nil),
            ("10 %", nil), ("1.2.3", nil), ("nan", nil),
        ] as [(String, Int?)])
    func isAPercentage(_ text: String, _ basisPoints: Int?) {
        #expect(SharePolicy.basisPoints(Array(text.utf8)) == basisPoints)
    }

    private func policy(_ files: [String: String], _ versions: [String: String] = [:]) -> SharePolicy {
        let files = files.map { CentreFile(path: $0.key, bytes: Array($0.value.utf8)) }
        return SharePolicy(
            CentreReading(revision: "a,b", files: files, versions: versions), label: "etcd:/r/", memory: { _ in .other }
        )
    }

    @Test func theRevisionIsThatOfTheKey() {
        let own = policy(["share": "10", "strategy.json": "{}"], ["share": "7"])
        #expect(own.reading == .order(ShareOrder(basisPoints: 1_000, revision: "7", source: "etcd:/r/")))
        #expect(own.hasStrategy)
        let part = policy(["share": "10", "strategy.json": "{}"])
        #expect(part.reading == .order(ShareOrder(basisPoints: 1_000, revision: "a", source: "etcd:/r/")))
        let whole = policy(["share": "10"])
        #expect(whole.reading == .order(ShareOrder(basisPoints: 1_000, revision: "a,b", source: "etcd:/r/")))
        #expect(!whole.hasStrategy)
    }

    @Test func whatIsMissingOrInvalidSaysSo() {
        guard case .problem(let missing?) = policy([:]).reading,
            case .problem(let wrong?) = policy(["share": "a lot"]).reading
        else {
            Issue.record("a share was read")
            return
        }
        #expect(missing.contains("there is no key 'share'"))
        #expect(wrong.contains("'a lot'") && wrong.contains("write one such as 12.5"))
    }

    @Test func whatWasInForceIsKeptForItsCentre() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shares-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = CentreStore(stateDirectory: folder)
        #expect(store.shares(of: "etcd:/r/").isEmpty)
        let order = ShareOrder(basisPoints: 1_250, revision: "7", source: "etcd:/r/policy/checkout/")
        #expect(store.save(["checkout": order], of: "etcd:/r/") == nil)
        let kept = store.shares(of: "etcd:/r/")
        #expect(kept.count == 1 && kept["checkout"]?.isSame(as: order) == true && kept["checkout"]?.memory == .same)
        #expect(store.shares(of: "consul:r/").isEmpty, "of another centre")
        #expect(store.history().isEmpty, "it is no state of the history")
        try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/centre/shares.json"))
        #expect(store.shares(of: "etcd:/r/").isEmpty, "damaged")
    }
}

@Suite("Taking a share back in a real etcd", .enabled(if: RealProgram.path("etcd") != nil, "needs etcd"))
struct ShareReplacementTests {
    @Test func aKeyThatHasChangedSinceStays() async throws {
        try await RealEtcd.run { etcd in
            await etcd.put("rollguard/v1/policy/checkout/share", "10")
            let centre = EtcdCentre(plan: EtcdCentreKind.policy(etcd.plan(), "checkout"), setup: Live.setup)
            let first = try await centre.read()
            let zero = CentreFile(path: "share", bytes: Array("0".utf8))
            let writer = try #require(centre.writer)
            // Another key of the cluster changes, which is another revision of the whole and not of this key.
            await etcd.put("rollguard/v1/policy/search/share", "5")
            try await writer.replace(zero, version: first.version(of: "share"))
            let second = try await centre.read()
            #expect(second.files == [zero] && second.version(of: "share") != first.version(of: "share"))
            await etcd.put("rollguard/v1/policy/checkout/share", "20")
            do throws(SourceError) {
                try await writer.replace(zero, version: second.version(of: "share"))
                Issue.record("the later value was replaced")
            } catch { #expect(error.status == 409) }
            #expect(try await centre.read().files.first?.bytes == Array("20".utf8))
        }
    }
}

@Suite("Taking a share back in a real Consul", .enabled(if: RealProgram.path("consul") != nil, "needs consul"))
struct ConsulShareReplacementTests {
    @Test func aKeyThatHasChangedSinceStays() async throws {
        try await RealConsul.run { consul in
            await consul.call("PUT", "/v1/kv/rollguard/v1/policy/checkout/share", "10")
            let centre = ConsulCentre(plan: ConsulCentreKind.policy(consul.plan, "checkout"), setup: Live.setup)
            let first = try await centre.read()
            let zero = CentreFile(path: "share", bytes: Array("0".utf8))
            let writer = try #require(centre.writer)
            await consul.call("PUT", "/v1/kv/rollguard/v1/policy/checkout/other", "5")
            try await writer.replace(zero, version: first.version(of: "share"))
            let second = try await centre.read()
            #expect(second.files.contains(zero) && second.version(of: "share") != first.version(of: "share"))
            await consul.call("PUT", "/v1/kv/rollguard/v1/policy/checkout/share", "20")
            do throws(SourceError) {
                try await writer.replace(zero, version: second.version(of: "share"))
                Issue.record("the later value was replaced")
            } catch { #expect(error.status == 409, "\(error)") }
            let text = try await centre.read().files.first { $0.path == "share" }
            #expect(text?.bytes == Array("20".utf8))
        }
    }
}
