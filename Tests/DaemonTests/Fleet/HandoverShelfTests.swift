import Leases
import Model
import Testing

@testable import Daemon

/// What a release that comes in is given.
struct HandoverShelfTests {
    private static let intent = IntentRecord(
        trigger: .operatorCommand(by: "ann", reason: "test"), fromVersion: "v2", toVersion: "v1", splitBefore: nil,
        splitWanted: .allBaseline, isDryRun: false)

    private static func entry(_ event: JournalEvent, _ incident: String) -> JournalEntry {
        JournalEntry(sequence: 7, wallMs: 0, release: "checkout", incident: incident, event: event)
    }

    private static func peer(_ ordinal: UInt64) -> PeerRollback {
        PeerRollback(replica: "b", entry: entry(.intended(intent), "checkout-v2-\(ordinal)"))
    }

    private static func document(_ ordinal: UInt64, rearmed: Bool) -> HandoverDocument {
        let incident = "checkout-v2-\(ordinal)"
        let entries = [entry(.intended(intent), incident), entry(.acknowledged, incident)]
        return HandoverDocument(
            release: "checkout", token: 1, through: 9, ordinal: ordinal,
            entries: entries + (rearmed ? [entry(.rearmed(by: "ann", reason: "test"), incident)] : []))
    }

    @Test func aRollbackOfAnotherMemberIsGiven() {
        let shelf = HandoverShelf()
        shelf.put(Self.peer(3), at: "rollback/checkout/b")
        #expect(shelf.peers(of: ["checkout"], except: "a") == [Self.peer(3)])
        #expect(shelf.peers(of: ["search"], except: "a") == [] && shelf.peers(of: ["checkout"], except: "b") == [])
        shelf.put(Self.document(3, rearmed: false))
        #expect(shelf.peers(of: ["checkout"], except: "a") == [Self.peer(3)])
        #expect(shelf.documents(of: ["search", "checkout"]) == [Self.document(3, rearmed: false)])
    }

    /// A view of the store does not say what was removed: a rollback that an operator ended must not begin again.
    @Test func aRollbackThatIsOverIsNotGiven() {
        let shelf = HandoverShelf()
        shelf.put(Self.peer(3), at: "rollback/checkout/b")
        shelf.put(Self.document(3, rearmed: true))
        #expect(shelf.peers(of: ["checkout"], except: "a") == [])
        shelf.put(Self.peer(4), at: "rollback/checkout/b")
        #expect(shelf.peers(of: ["checkout"], except: "a") == [Self.peer(4)])
    }
}
