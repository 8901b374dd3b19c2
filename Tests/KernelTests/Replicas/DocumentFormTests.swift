import Foundation
import Model
import Testing

@testable import Kernel
@testable import Leases

/// Replicas of two versions, as during an upgrade.
@Suite("Replicas: forms of documents")
struct DocumentFormTests {
    /// As the version before wrote it.
    private static let first = #"""
        {"entries":[{"at":1700000000000,"event":"{\"began\":{\"baseline\":\"v1.4.2\",\"canary\":\"v1.5.0\"},\"v\":1}","sequence":3},{"at":1700000001000,"event":"{\"rearmed\":{\"by\":\"ada\",\"reason\":\"fixed\"},\"v\":1}","incident":"checkout-v1.5.0-3","sequence":9}],"ordinal":3,"release":"checkout","through":9,"token":17,"v":1}
        """#
    private static let second = #"""
        {"alerts":[{"firing":true,"ordinal":4,"rule":"Errors"}],"entries":[{"at":1700000000000,"event":"{\"began\":{\"baseline\":\"v1.4.2\",\"canary\":\"v1.5.0\"},\"v\":1}","sequence":3}],"ordinal":0,"release":"checkout","revision":12,"step":{"counted":30000,"requests":412.5,"rollout":"checkout-r17-2","standing":45000,"step":2},"through":3,"token":18,"v":2}
        """#
    private static let acts = #"""
        {"acknowledged":[{"by":"ada","id":"ack-8a7f-4","reason":"known","subject":"checkout-v1.5.0-3","until":1700086400000}],"at":1700000000000,"ended":[{"id":"silence-8a7f-2","until":1700003600000}],"replica":"rg-1","silences":"{\"silences\":{\"_0\":[{\"beganWallMs\":1699999999000,\"by\":\"ada\",\"endsWallMs\":1700003599000,\"id\":\"silence-8a7f-3\",\"match\":{\"events\":[],\"labels\":[],\"releases\":[\"checkout\"],\"rules\":[],\"severities\":[]},\"reason\":\"maintenance\"}]},\"v\":1}","v":1}
        """#
    private static let status = #"{"atWallMs":1700000000000,"highestToken":17,"v":1,"version":"0.1.0"}"#

    @Test func bothFormsAreReadAndWrittenAsTheyWere() throws {
        for (text, form) in [(Self.first, 1), (Self.second, 2)] {
            let document = try #require(HandoverText.document(Array(text.utf8)))
            #expect(HandoverText.encode(document, form: form).map { String(decoding: $0, as: UTF8.self) } == text)
        }
        let document = try #require(HandoverText.document(Array(Self.second.utf8)))
        #expect(document.step?.standingMs == 45_000 && document.step?.requests == 412.5)
        #expect(document.alerts == [AlertEpoch(rule: "Errors", ordinal: 4, isFiring: true)])
        #expect(document.revision == 12)
    }

    @Test func ordersAreReadAndWrittenAsTheyWere() throws {
        let acts = try #require(OperatorActsText.acts(Array(Self.acts.utf8)))
        #expect(acts.silences.map(\.id) == ["silence-8a7f-3"] && acts.ended.count == 1)
        #expect(acts.acknowledgements.map(\.subject) == ["checkout-v1.5.0-3"])
        #expect(OperatorActsText.encode(acts).map { String(decoding: $0, as: UTF8.self) } == Self.acts)
        // A version that does not know them takes them for nothing.
        #expect(HandoverText.peer(Array(Self.acts.utf8)) == nil)
    }

    /// The version before does not say which form it reads.
    @Test func aStatusWithoutAFormReadsTheFirst() throws {
        let old = try #require(ReplicaStatus(Array(Self.status.utf8)))
        #expect(old.reads == nil)
        var forms = DocumentForms()
        #expect(forms.written == 2)
        let new = ReplicaStatus(version: "0.2.0", address: nil, atWallMs: 0, manifestRevision: nil, highestToken: 0)
        let isOtherAlone = forms.take(statuses: [new.encoded()])
        #expect(!isOtherAlone && forms.written == 2)
        // It comes, it goes: documents are written again in the other form.
        let isOtherWithOld = forms.take(statuses: [new.encoded(), Array(Self.status.utf8)])
        #expect(isOtherWithOld && forms.written == 1)
        let isOtherWithoutOld = forms.take(statuses: [new.encoded()])
        #expect(isOtherWithoutOld && forms.written == 2)
    }

    @Test func whatOnlyANewerVersionReadsIsLeftAsItIs() {
        let path = LeasePaths.handover("checkout")
        let bytes = Array(Self.second.utf8)
        #expect(HandoverText.document(bytes, form: 1) == nil)
        var forms = DocumentForms(own: 1)
        forms.note(path, bytes, isRead: false)
        #expect(!forms.mayWrite(path) && forms.mayWrite(LeasePaths.handover("cart")))
        // A replica that reads it is there: it leads. Without one this replica still acts on statistical rules.
        #expect(forms.mayLead)
        let new = ReplicaStatus(version: "0.2.0", address: nil, atWallMs: 0, manifestRevision: nil, highestToken: 0)
        _ = forms.take(statuses: [new.encoded()])
        #expect(!forms.mayLead)
        forms.note(path, Array(Self.first.utf8), isRead: true)
        #expect(forms.mayWrite(path) && forms.mayLead)
        // Damage says nothing to any version.
        forms.note(path, Array("{".utf8), isRead: false)
        #expect(forms.mayWrite(path))
    }

    /// A follower of the version before reads what the leader writes, and takes over where it was.
    @Test func aFollowerOfTheVersionBeforeTakesOver() throws {
        var world = ReplicaWorld(replicas: 2)
        world.nodes[1].form = 1
        world.run(seconds: 5)
        #expect(world.leader == 0)
        _ = world.order(.begin(KernelHarness.next), to: 0)
        world.run(seconds: 30)
        let known = try #require(world.release(0).rollout?.running)
        #expect(known.step > 0 && world.release(1).rollout?.running?.id == known.id)
        #expect(world.release(1).rollout?.running?.step == known.step)
        world.nodes[0].isAlive = false
        let share = world.secondShare
        world.run(seconds: 60)
        #expect(world.leader == 1 && world.secondShare > share)
        #expect(world.broken.isEmpty, "\(world.broken)")
    }

    /// While the store has what this replica cannot read, nothing of the release goes up, and what is sick goes down.
    @Test func whatCannotBeReadBlocksNothingThatLowers() throws {
        var world = ReplicaWorld(replicas: 2)
        world.run(seconds: 5)
        let leader = try #require(world.leader)
        _ = world.order(.begin(KernelHarness.next), to: leader)
        world.run(seconds: 40)
        let share = world.secondShare
        #expect(share > 0)
        world.refusesDocuments = true
        world.run(seconds: 60)
        #expect(world.secondShare == share)
        world.isSecondSick = true
        world.run(seconds: 30)
        #expect(world.secondShare == 0 && world.broken.isEmpty, "\(world.broken)")
    }
}
