import Foundation
import Model
import Testing

@testable import API

struct IncidentDocumentTests {
    private let entries = Sample.entries(Sample.events, incident: "checkout-17")

    @Test func summaryAndEvidenceAreShownSideBySide() throws {
        let document = IncidentDocument(Sample.incident, entries: entries, externalURL: "https://rollguard.example")
        let bytes = Data(Answer.json(document).body)
        let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        #expect(object["id"] as? String == "checkout-17")
        #expect((object["alert"] as? [String: Any])?["rule"] as? String == "CanaryErrors")
        #expect((object["entries"] as? [Any])?.count == Sample.events.count)
        let read = try JSONDecoder().decode(IncidentDocument.self, from: bytes)
        #expect(read == document)
        #expect(read.fromVersion == "v1.5.0")
        #expect(object["url"] as? String == "https://rollguard.example/api/v1/incidents/checkout-17")
    }

    @Test func everyKindOfEntryHasItsNameASentenceAndNoSecret() {
        let documents = entries.map(EntryDocument.init)
        #expect(Set(documents.map(\.event)).count == Sample.events.count)
        #expect(documents.allSatisfy { !$0.text.isEmpty })
        let text = String(decoding: Answer.json(documents).body, as: UTF8.self)
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("\"_0\""))
    }

    @Test func entriesLeaveOutWhatDoesNotBelongToThem() {
        let acknowledged = EntryDocument(Sample.entries([.acknowledged], incident: "c-1")[0])
        let expected =
            #"{"at":"2026-08-01T10:15:30.250Z","event":"acknowledged","incident":"c-1","release":"checkout","#
            + #""sequence":1,"text":"the rollback is in force"}"# + "\n"
        #expect(String(decoding: Answer.json(acknowledged).body, as: UTF8.self) == expected)
    }

    @Test func anOperatorsIncidentNamesThePersonAndNoAlert() {
        var intent = Sample.intent
        intent.trigger = .operatorCommand(by: "ann", reason: "bad deploy")
        let document = IncidentDocument(Sample.incident(intent), entries: [], externalURL: nil)
        #expect(document.trigger == "operator")
        #expect(document.by == "ann")
        #expect(document.reason == "bad deploy")
        #expect(document.rule == nil)
        #expect(document.alert == nil)
        #expect(document.url == nil)
    }

    @Test func anOldIncidentIsReadFromItsEntries() throws {
        let events: [JournalEvent] = [
            .alertFiring(Sample.alert), .intended(Sample.intent), .applied([]), .acknowledged,
        ]
        let entries = Sample.entries(events, incident: "checkout-3")
        let incident = try #require(Incident(history: entries))
        #expect(incident.state == .acknowledged)
        #expect(!incident.isOpen)
        #expect(incident.closedWallMs == entries[3].wallMs)
        #expect(incident.openedWallMs == entries[1].wallMs)
        #expect(incident.attempts == 1)
        #expect(incident.timeline.map(\.step) == ["intended", "applied", "acknowledged"])
    }

    @Test func entriesWithoutAnIntentAreNoIncident() {
        #expect(Incident(history: []) == nil)
        let entries = Sample.entries([.alertFiring(Sample.alert)], incident: "x")
        #expect(Incident(history: entries) == nil)
    }
}
