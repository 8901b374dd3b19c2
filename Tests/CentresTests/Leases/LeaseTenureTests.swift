import Leases
import Model
import Testing

@Suite("The time of a lease")
struct LeaseTenureTests {
    /// The lease counts from before the renewal was sent, and ends a margin before it does in the store.
    @Test(arguments: [(3_000, 1_000), (10_000, 1_000), (30_000, 3_000), (60_000, 6_000)] as [(Int64, Int64)])
    func theLeaderStopsBeforeItsLeaseEnds(_ ttlMs: Int64, _ marginMs: Int64) {
        var tenure = LeaseTenure(ttlMs: ttlMs)
        #expect(!tenure.isValid(atUptimeMs: 0))
        tenure.renewed(sentUptimeMs: 5_000)
        let end = 5_000 + ttlMs - marginMs
        #expect(tenure.marginMs == marginMs)
        #expect(tenure.isValid(atUptimeMs: end - 1) && !tenure.isValid(atUptimeMs: end))
        // A renewal that was sent before, and answered later, takes nothing away.
        tenure.renewed(sentUptimeMs: 4_000)
        #expect(tenure.isValid(atUptimeMs: end - 1))
        tenure.ended()
        #expect(!tenure.isValid(atUptimeMs: 5_000))
    }

    /// Of three renewals two may fail, each with its timeout.
    @Test(arguments: [3_000, 10_000, 60_000] as [Int64]) func aFailedRenewalLeavesTimeForAnotherOne(_ ttlMs: Int64) {
        var tenure = LeaseTenure(ttlMs: ttlMs)
        tenure.renewed(sentUptimeMs: 0)
        let second = (tenure.renewUptimeMs ?? 0) + tenure.callTimeoutMs
        #expect(tenure.isValid(atUptimeMs: second))
    }
}

@Suite("Names that all replicas give alike")
struct ReplicaIncidentTests {
    @Test(
        arguments: [
            ("checkout", "v1.5.0", 3, "checkout-v1.5.0-3"), ("a", "sha256:ab/c d", 1, "a-sha256-ab-c-d-1"),
            ("a", "", 12, "a--12"),
        ] as [(String, String, UInt64, String)])
    func anIdIsFitForAddresses(_ release: String, _ version: String, _ ordinal: UInt64, _ id: String) {
        #expect(ReplicaIncident.id(release: release, fromVersion: version, ordinal: ordinal) == id)
        #expect(ReplicaIncident.ordinal(of: id) == ordinal)
    }

    @Test func idsOfADaemonAloneCountTheirSequence() {
        #expect(ReplicaIncident.ordinal(of: "checkout-17") == 17)
        #expect(ReplicaIncident.ordinal(of: "checkout") == 0)
    }
}
