import Model
import Testing

@testable import Daemon

/// A store that comes back from a backup gives tokens a second time.
@Suite("Known documents")
struct KnownDocumentsTests {
    private static func document(_ token: UInt64, revision: UInt64, through: UInt64 = 5) -> HandoverDocument {
        var document = HandoverDocument(release: "checkout", token: token, through: through, ordinal: 0, entries: [])
        document.revision = revision
        return document
    }

    @Test func anotherDocumentUnderTheSameTokenAsksForAHigherOne() {
        var known = KnownDocuments()
        known.note(Self.document(7, revision: 10))
        let isNew = known.note(Self.document(7, revision: 2))
        #expect(!isNew)
        known.noteDispute(over: Self.document(7, revision: 2))
        #expect(known.highestToken == 8)
        #expect(known.highestTokens { _ in "leader" } == ["leader": 8])
        // The leader has exceeded it.
        known.note(Self.document(9, revision: 3))
        #expect(known.highestToken == 9)
        #expect(known.highestTokens { _ in "leader" } == ["leader": 9])
    }

    @Test func whatIsKnownOrOlderIsNoDispute() {
        var known = KnownDocuments()
        known.note(Self.document(7, revision: 10))
        for document in [Self.document(7, revision: 10), Self.document(6, revision: 20)] {
            let isNew = known.note(document)
            #expect(!isNew)
            known.noteDispute(over: document)
        }
        #expect(known.highestToken == 7)
    }

    /// What a follower knows, where the leader knows nothing, is taken once, and removed when the leader's document has it.
    @Test func anOfferIsTakenWhereNothingIsKnown() {
        var known = KnownDocuments()
        let entry = JournalEntry(
            sequence: 1, wallMs: 0, release: "checkout", incident: nil, event: .rearmed(by: "ada", reason: "because"))
        var offer = Self.document(7, revision: 10)
        offer.entries = [entry]
        known.note(Self.document(8, revision: 1))
        known.note(offer: offer)
        #expect(known.offeredReleases == ["checkout"])
        let (first, second) = (known.wantedOffer(of: "checkout"), known.wantedOffer(of: "checkout"))
        #expect(first?.document == offer)
        #expect(first?.isNew == true)
        #expect(second?.isNew == false)
        let early = known.obsoleteOffers(Self.document(8, revision: 2))
        #expect(early.isEmpty)
        var taken = Self.document(8, revision: 3)
        taken.entries = [entry]
        known.note(taken)
        let obsolete = known.obsoleteOffers(taken)
        #expect(obsolete == ["offer/checkout"])
        #expect(known.offeredReleases.isEmpty)
        known.note(offer: offer)
        let late = known.wantedOffer(of: "checkout")?.document
        #expect(late == nil, "the leader knows more")
    }
}
