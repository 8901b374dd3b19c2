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
        #expect(
            own.reading
                == .order(ShareOrder(basisPoints: 1_000, revision: "7", source: "etcd:/r/", sequence: .number(7))))
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
        #expect(store.save(["checkout": KeptShare(order, .seen)], of: "etcd:/r/") == nil)
        let kept = store.shares(of: "etcd:/r/")
        #expect(kept.count == 1 && kept["checkout"]?.memory(of: order) == .same)
        #expect(store.shares(of: "consul:r/").isEmpty, "of another centre")
        #expect(store.history().isEmpty, "it is no state of the history")
        try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/centre/shares.json"))
        #expect(store.shares(of: "etcd:/r/").isEmpty, "damaged")
    }
}

@Suite("The last share of a release")
struct KeptShareTests {
    private func order(
        _ percent: Int, _ revision: String, _ sequence: ShareOrder.Sequence? = nil, _ memory: ShareOrder.Memory = .other
    ) -> ShareOrder {
        let number = UInt64(revision).map { ShareOrder.Sequence.number($0) } ?? .none
        return ShareOrder(
            basisPoints: percent * 100, revision: revision, source: "etcd:/r/", memory: memory,
            sequence: sequence ?? number)
    }

    private func report(
        _ order: ShareOrder, seen: Bool = false, sent: Bool = false, over: Bool = false, reason: String? = nil
    ) -> CentreShareReport {
        CentreShareReport(
            release: "checkout", order: order, wasInForce: seen, wasSent: sent, isOver: over, isDetached: false,
            reason: reason, problem: nil, observedBasisPoints: nil, isTakenOut: false, mayLead: true)
    }

    /// Kept on the disk and read again.
    private func restarted(_ kept: KeptShare) throws -> KeptShare {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kept-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = CentreStore(stateDirectory: folder)
        #expect(store.save(["checkout": kept], of: "etcd:/r/") == nil)
        return try #require(store.shares(of: "etcd:/r/")["checkout"])
    }

    @Test func whatWasSentIsNotWhatWasSeen() throws {
        let order = order(50, "7")
        var kept = KeptShare(order)
        #expect(try restarted(kept).memory(of: order) == .sent, "it may have been sent")
        var news = [kept.take(report(order, reason: "held"))]
        #expect(try restarted(kept).memory(of: order) == .other, "it was not sent")
        news += [kept.take(report(order, sent: true)), kept.take(report(order, reason: "held"))]
        #expect(try restarted(kept).memory(of: order) == .sent)
        news += [kept.take(report(order, seen: true, sent: true)), kept.take(report(order, sent: true))]
        #expect(try restarted(kept).memory(of: order) == .same)
        #expect(try restarted(kept).memory(of: self.order(50, "8")) == .other)
        #expect(news == [true, true, false, true, false])
    }

    @Test func theFirstShareIsNoneThatFollowedAnother() throws {
        let order = order(10, "1", nil, .nothing)
        var kept = KeptShare(order)
        _ = kept.take(report(order, reason: "held"))
        #expect(try restarted(kept).memory(of: order) == .nothing)
        _ = kept.take(report(order, over: true))
        #expect(try restarted(kept).memory(of: order) == .sent)
    }

    /// What came of each, with a restart after the second one.
    private func refusals(_ first: ShareOrder, _ next: [ShareOrder]) throws -> [String?] {
        var kept = KeptShare(first, .seen)
        var texts: [String?] = []
        for (index, order) in next.enumerated() {
            if index == 2 { kept = try restarted(kept) }
            texts.append(kept.take(order))
        }
        return texts
    }

    @Test func aRevisionThatGoesBackIsNoOrder() throws {
        let texts = try refusals(
            order(50, "12"),
            [
                order(0, "20"), order(50, "12"), order(50, "12"), order(50, "11"), order(50, "13"), order(60, "14"),
            ])
        #expect(
            texts.map { $0 == nil } == [true, false, false, false, true, true], "13 was written in what was restored")
        let text = try #require(texts[1])
        #expect(text.contains("gone back to 50 % at revision 12, after 0 % at revision 20"))
        #expect(text.contains("write the value again"))
    }

    @Test func aLowerShareOfBeforeIsTakenAndRaisesNothing() throws {
        #expect(KeptShare(order(50, "20"), .seen).memory(of: order(10, "12")) == .sent)
        #expect(KeptShare(order(10, "12"), .seen).memory(of: order(20, "13")) == .other)
        #expect(try refusals(order(50, "20"), [order(10, "12"), order(20, "13")]) == [nil, nil])
    }

    @Test func aSupersededReleaseIsNoOrder() throws {
        let texts = try refusals(
            order(50, "k1", .once),
            [order(0, "k2", .once), order(50, "k1", .once), order(50, "k1", .once), order(50, "k3", .once)])
        #expect(texts.map { $0 == nil } == [true, false, false, true])
        #expect(
            try refusals(order(50, "aa"), [order(0, "bb"), order(50, "aa")]) == [nil, nil],
            "a digest says nothing of time")
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
