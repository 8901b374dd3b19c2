import Model
import Testing

@testable import Kernel

@Suite("Replicas: the book of operators' orders")
struct OperatorLedgerTests {
    private static let start = Moment(uptimeMs: 1_000, wallMs: 1_700_000_000_000)
    private static let hour: Int64 = 3_600_000

    private static func later(_ ms: Int64) -> Moment {
        Moment(uptimeMs: start.uptimeMs + ms, wallMs: start.wallMs + ms)
    }

    private static func acknowledgement(_ id: String) -> OperatorAcknowledgement {
        OperatorAcknowledgement(id: id, subject: "checkout", by: "ada", reason: "because", untilWallMs: 0)
    }

    /// What is old when it comes does not wait as if it had been ordered just now.
    @Test(arguments: [(0, true), (59_999, true), (60_000, false), (hour, false)] as [(Int64, Bool)])
    func anOldAcknowledgementWaitsForTheDocumentsThatCameWithIt(_ ageMs: Int64, _ isYoung: Bool) {
        var ledger = OperatorLedger()
        let restMs = OperatorAcknowledgement.keptMs - ageMs
        let isNews = ledger.take(Self.acknowledgement("ack-1"), restMs: restMs, isDone: false, at: Self.start)
        #expect(isNews && ledger.waiting(at: Self.start).map { $0.ageMs } == [ageMs])
        #expect(ledger.waiting(at: Self.later(10_000)).isEmpty != isYoung)
        #expect(ledger.waiting(at: Self.later(60_000)).isEmpty)
    }

    /// What one book writes, the other reads a little too late, so ends grow with each exchange.
    private static func read(_ acts: OperatorActs, into ledger: inout OperatorLedger) -> Int {
        var news = 0
        for one in acts.ended {
            let restMs = one.untilWallMs - acts.atWallMs + 2_000
            if ledger.end(one.id, restMs: restMs, at: start) { news += 1 }
        }
        for one in acts.acknowledgements {
            let restMs = one.untilWallMs - acts.atWallMs + 2_000
            if ledger.take(one, restMs: restMs, isDone: false, at: start) { news += 1 }
        }
        return news
    }

    private static func filled(_ name: String) -> OperatorLedger {
        var ledger = OperatorLedger()
        for number in 0..<150 {
            ledger.end("silence-\(name)-\(number)", restMs: hour + Int64(number), at: start)
            ledger.take(
                acknowledgement("ack-\(name)-\(number)"), restMs: hour + Int64(number), isDone: true, at: start)
        }
        return ledger
    }

    /// Two replicas with more orders than are kept do not exchange them for ever.
    @Test func replicasWithMoreThanTheLimitComeToRest() {
        var (one, other) = (Self.filled("a"), Self.filled("b"))
        var news: [Int] = []
        for _ in 0..<6 {
            let (ofOne, ofOther) = (
                one.acts("rg-1", silences: [], at: Self.start), other.acts("rg-2", silences: [], at: Self.start)
            )
            news.append(Self.read(ofOther, into: &one) + Self.read(ofOne, into: &other))
        }
        #expect(news[0] > 0 && news.last == 0, "\(news)")
        #expect(one.acts("rg-1", silences: [], at: Self.start).ended.count == OperatorActs.limit)
        // An end that had to make room is an end all the same.
        for number in 0..<150 {
            #expect(one.isEnded("silence-b-\(number)") && other.isEnded("silence-a-\(number)"), "\(number)")
            #expect(one.isEnded("silence-a-\(number)") && other.isEnded("silence-b-\(number)"), "\(number)")
        }
    }

    /// What ends first makes room, and it is no news when that is what has just come.
    @Test func whatEndsFirstMakesRoom() {
        var ledger = OperatorLedger()
        for number in 0..<OperatorActs.limit {
            let isNews = ledger.end("silence-\(number)", restMs: Self.hour - Int64(number), at: Self.start)
            #expect(isNews)
        }
        let isNewsWhenFirst = ledger.end("silence-early", restMs: 1_000, at: Self.start)
        #expect(!isNewsWhenFirst)
        let isNewsWhenLast = ledger.end("silence-late", restMs: 2 * Self.hour, at: Self.start)
        #expect(isNewsWhenLast)
        let kept = ledger.acts("rg-1", silences: [], at: Self.start).ended.map(\.id)
        #expect(kept.count == OperatorActs.limit && kept.first == "silence-0" && kept.last == "silence-late")
        #expect(!kept.contains("silence-\(OperatorActs.limit - 1)"))
    }
}
