import Foundation
import Ports
import Testing

@testable import API

struct StatusDocumentTests {
    private let document = StatusDocument(
        snapshot: Sample.snapshot,
        outbox: OutboxReport(
            counts: OutboxCounts(waiting: 1, dead: 1, delivered: 7), queues: [Sample.queue],
            deadLetters: [Sample.deadLetter]), version: "1.2.3")

    @Test func theDocumentIsWrittenByteForByteLikeThis() {
        let expected = [
            #"{"at":"2026-08-01T10:15:30.250Z","#,
            #""dead_letters":[{"at":"2026-08-01T10:15:30.250Z","attempts":9,"event":"alert_firing","#,
            #""id":"oncall-16","reason":"404 Not Found","receiver":"oncall"}],"#,
            #""dry_run":false,"external_url":"https://rollguard.example","#,
            #""incidents":[{"acknowledged_by":null,"attempts":1,"by":null,"canary_basis_points_before":3000,"#,
            #""canary_basis_points_wanted":0,"closed_at":null,"dry_run":false,"from_version":"v1.5.0","#,
            #""id":"checkout-17","open":true,"opened_at":"2026-08-01T10:15:29.250Z","reapplications":0,"#,
            #""reason":null,"release":"checkout","rule":"CanaryErrors","state":"applied","to_version":"v1.4.2","#,
            #""trigger":"rule","url":"https://rollguard.example/api/v1/incidents/checkout-17"}],"#,
            #""journal_problem":null,"notifications":{"open":[],"silences":[]},"outbox":{"dead":1,"delivered":7,"#,
            #""receivers":[{"dead":1,"name":"oncall","next":{"at":"2026-08-01T10:15:30.250Z","attempts":2,"#,
            #""event":"alert_firing","id":"3f9a1c07-17-oncall","reason":"503"},"waiting":1}],"waiting":1},"#,
            #""releases":[{"#,
            #""baseline":{"error_rate":0.01,"indicators":[],"latencies":[],"latency_p99_seconds":0.25,"request_rate_per_second":33.5,"#,
            #""targets":[{"error":null,"figures":{"differs":null,"error_rate":0.01,"#,
            #""latency_mean_seconds":0.02,"request_rate_per_second":33.5,"requests":2000},"instance":"10.0.0.11:9090","last_scrape_at":"2026-08-01T10:15:30.150Z","#,
            #""samples":812,"up":true}],"version":"v1.4.2"},"#,
            #""canary":{"error_rate":null,"indicators":[],"latencies":[],"latency_p99_seconds":null,"request_rate_per_second":null,"#,
            #""targets":[{"error":"refused","figures":null,"instance":"10.0.0.21:9090","last_scrape_at":null,"#,
            #""samples":0,"up":false}],"version":"v1.5.0"},"#,
            #""canary_basis_points":3000,"cycles":42,"dense_scrapes_every_ms":null,"#,
            #""explanation":"CanaryErrors fires","group":null,"name":"checkout","#,
            #""open_incident":"checkout-17","phase":"rolling_back","plan":null,"policy":null,"rollouts":null,"#,
            #""router":[{"baseline_healthy":null,"canary_basis_points":3000,"#,
            #""instance":"http://127.0.0.1:9412","level":"acked","problem":null,"revision":"7"}],"#,
            #""rules":[{"action":"rollback","active_since":"2026-08-01T10:15:25.250Z","alert":"firing","#,
            #""annotations":{"summary":"25% errors"},"#,
            #""baseline":{"errors":10,"healthy_targets":2,"requests":1000,"targets":2,"value":0.01,"#,
            #""version":"v1.4.2"},"#,
            #""canary":{"errors":50,"healthy_targets":1,"requests":200,"targets":1,"value":0.25,"#,
            #""version":"v1.5.0"},"#,
            #""for_ms":5000,"group":"errors","indicator":"error_rate","keep_firing_for_ms":0,"#,
            #""labels":{"severity":"page"},"last_evaluation_at":"2026-08-01T10:15:30.250Z","#,
            #""name":"CanaryErrors","notes":["a remark"],"reason":null,"regression":null,"#,
            #""self_check":null,"unit":null,"verdict":"breached","#,
            #""when":"canary > 2 * baseline","window_ms":30000},"#,
            #"{"action":"notify","active_since":null,"alert":"inactive","annotations":{},"baseline":null,"#,
            #""canary":null,"for_ms":0,"group":"errors","indicator":null,"keep_firing_for_ms":1500,"labels":{},"#,
            #""last_evaluation_at":null,"name":"NeverLooked","notes":[],"reason":null,"#,
            #""regression":null,"self_check":null,"unit":null,"verdict":null,"#,
            #""when":"canary > 1","window_ms":10000},"#,
            #"{"action":"hold","active_since":"2026-08-01T10:15:29.250Z","alert":"pending","annotations":{},"#,
            #""baseline":{"errors":0,"healthy_targets":2,"requests":null,"targets":2,"value":null,"#,
            #""version":"v1.4.2"},"#,
            #""canary":{"errors":0,"healthy_targets":1,"requests":3,"targets":1,"value":null,"version":"v1.5.0"},"#,
            #""for_ms":0,"group":"latency","indicator":"latency_p99","keep_firing_for_ms":0,"labels":{},"#,
            #""last_evaluation_at":"2026-08-01T10:15:30.250Z","name":"Slow","notes":[],"#,
            #""reason":"3 requests are too few","regression":null,"self_check":null,"unit":null,"#,
            #""verdict":"inconclusive","when":"canary > 500ms","#,
            #""window_ms":10000}],"#,
            #""schema":null,"since":"2026-08-01T10:15:29.250Z","warnings":["a warning"]}],"#,
            #""units":[],"version":"1.2.3"}"#,
        ]
        let written = String(decoding: Answer.json(document).body, as: UTF8.self)
        #expect(written == expected.joined() + "\n")
    }

    @Test func whatWasWrittenReadsBackWithoutTheUnwritableNumbers() throws {
        let read = try JSONDecoder().decode(StatusDocument.self, from: Data(Answer.json(document).body))
        #expect(read.releases.first?.canary.errorRate == nil)
        #expect(read.releases.first?.rules.first == document.releases.first?.rules.first)
        #expect(read.incidents == document.incidents)
        #expect(read.outbox == document.outbox)
        #expect(Answer.json(read).body == Answer.json(document).body)
    }

    @Test func anUnreadableOutboxIsNullAndHidesNothingElse() throws {
        let answer = Answer.json(StatusDocument(snapshot: Sample.snapshot, outbox: nil, version: "1.2.3"))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains(#""outbox":null"#))
        #expect(text.contains(#""dead_letters":[]"#))
        #expect(text.contains(#""name":"checkout""#))
    }

    @Test func fieldsThatALaterVersionAddsAndAnEarlierOneLacksDoNotHinderReading() throws {
        let text = #"{"instance":"a:1","samples":3,"up":null,"colour":"blue"}"#
        let target = try JSONDecoder().decode(TargetDocument.self, from: Data(text.utf8))
        #expect(target.instance == "a:1")
        #expect(target.lastScrapeAt == nil)
    }
}
