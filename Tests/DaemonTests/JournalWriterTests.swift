import Foundation
import Kernel
import Logging
import Model
import Ports
import Synchronization
import SystemSupport
import Testing

@testable import Daemon

/// A disk that takes nothing until it is reported to.
private final class BlockedJournal: Journal {
    private let isWorking = Mutex(false)
    private let written = Mutex<[UInt64]>([])

    func heal() { isWorking.withLock { $0 = true } }

    var sequences: [UInt64] { written.withLock { $0 } }

    func append(_ batch: JournalBatch) async throws(JournalError) {
        guard isWorking.withLock({ $0 }) else { throw .unwritable(path: "disk", reason: "no space left") }
        written.withLock { $0 += batch.entries.map(\.sequence) }
    }

    func records() async throws(JournalError) -> [JournalEntry] { [] }
    func entries(incident: String) async throws(JournalError) -> [JournalEntry] { [] }
    func prune(beforeWallMs: Int64) async throws(JournalError) {}
    func receiversWaiting() async throws(JournalError) -> [String] { [] }
    func nextDelivery(receiver: String, passing: Set<String>) async throws(JournalError) -> WaitingDelivery? { nil }
    func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError) {}
    func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError) {}
    func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError) {}
    func outboxCounts() async throws(JournalError) -> OutboxCounts { OutboxCounts() }
    func queues() async throws(JournalError) -> [ReceiverQueue] { [] }
    func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter] { [] }
    func resend(_ choice: DeliveryChoice) async throws(JournalError) -> Int { 0 }
    func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64) async throws(JournalError) -> Int { 0 }
}

@Suite("The journal's writer")
struct JournalWriterTests {
    private static func batch(_ sequences: ClosedRange<UInt64>) -> JournalBatch {
        JournalBatch(
            entries: sequences.map {
                JournalEntry(sequence: $0, wallMs: 1, release: "checkout", incident: nil, event: .routerUsable)
            })
    }

    /// The law: what is reported as durable is on the disk, or was reported as lost before.
    @Test func aLaterBatchIsNoProofOfOneThatWasLost() async {
        let journal = BlockedJournal()
        let writer = JournalWriter(
            journal: journal, clock: SystemClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            meter: KernelMeter(version: "test", clock: SystemClock()))
        let limit = UInt64(JournalWriter.queueLimit)
        // The queue takes as many; two are lost; when there is room again the next one is taken.
        for sequence in 1...limit { writer.enqueue(Self.batch(sequence...sequence)) }
        writer.enqueue(Self.batch((limit + 1)...(limit + 2)))
        writer.enqueue(Self.batch((limit + 3)...(limit + 3)))
        let later = Self.batch((limit + 4)...(limit + 4))
        let reports = Mutex<[Input]>([])
        let hasRoom = Mutex(false)
        await writer.run { input in
            reports.withLock { $0.append(input) }
            switch input {
            case .journalFailing: journal.heal()
            case .journalDurable(let last):
                if last == limit { hasRoom.withLock { $0 = true } }
                if last == 1 { writer.enqueue(later) }
                if last == limit + 4 { writer.finish() }
            default: break
            }
        } nudge: {
        }
        #expect(hasRoom.withLock { $0 })
        check(reports.withLock { $0 }, written: Set(journal.sequences), last: limit + 4)
        #expect(journal.sequences.count == Int(limit) + 1)
    }

    private func check(_ reports: [Input], written: Set<UInt64>, last: UInt64) {
        var lost: Set<UInt64> = []
        var through: UInt64 = 0
        for report in reports {
            switch report {
            case .journalLost(let first, let last): lost.formUnion(first...last)
            case .journalDurable(let sequence):
                let claimed = Set(through...sequence).subtracting([0])
                #expect(claimed.isSubset(of: written.union(lost)), "through \(sequence)")
                through = sequence
            case .journalFailing: break
            default: Issue.record("\(report)")
            }
        }
        #expect(through == last)
        #expect(lost == Set((last - 3)...(last - 1)) && lost.isDisjoint(with: written))
    }
}
