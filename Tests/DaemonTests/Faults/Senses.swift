import DemoWorld
import Foundation
import Synchronization

/// What the relays around the daemon report to: the witness that checks, the trap that hits, the losses that are due.
final class Senses: Sendable {
    let witness: Witness
    let trap = Trap()
    let journal: JournalFile
    /// What becomes of the next changes of the split, in order.
    private let losses = Mutex<[Relay.Fate]>([])

    init(witness: Witness, journal: JournalFile) {
        self.witness = witness
        self.journal = journal
    }

    func lose(_ fates: [Relay.Fate]) { losses.withLock { $0 = fates } }

    private func nextFate() -> Relay.Fate { losses.withLock { $0.isEmpty ? .pass : $0.removeFirst() } }

    func beforeService(_ service: String) async throws -> Relay {
        try await Relay.start(to: service) { request in
            guard request.isOfDaemon else { return .loseRequest }
            self.witness.scrapeCame()
            self.trap.reached(.scrape)
            return .pass
        }
    }

    func beforeSink(_ sink: String) async throws -> Relay {
        try await Relay.start(to: sink) { request in
            guard request.isOfDaemon else { return .loseRequest }
            self.witness.webhookComes(request)
            self.trap.reached(.webhook)
            return .pass
        } onAnswer: { _, _ in
            self.trap.reached(.webhookDone)
        }
    }

    func beforeRouter(_ router: Int, _ admin: String) async throws -> Relay {
        try await Relay.start(to: admin) { request in
            guard request.isOfDaemon else { return .loseRequest }
            guard request.method == "PUT" else {
                self.trap.reached(.look)
                return .pass
            }
            self.witness.putComes(request)
            self.trap.reached(.put)
            return self.nextFate()
        } onAnswer: { request, status in
            guard request.method == "PUT" else { return }
            // The daemon asks for nothing but 0 %; the witness has seen to that.
            if status == 200 { self.witness.shareChanges(router: router, basisPoints: 0) }
            self.trap.reached(.putDone)
        }
    }
}
