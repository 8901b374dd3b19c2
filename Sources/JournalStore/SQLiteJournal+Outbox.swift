package import Ports

/// The outbox in the journal's file.
extension SQLiteJournal {
    package func receiversWaiting() async throws(JournalError) -> [String] {
        try await read(OutboxRow.receiversWaiting)
    }

    package func nextDelivery(
        receiver: String, passing: Set<String>
    ) async throws(JournalError) -> WaitingDelivery? {
        while true {
            switch try await read({ try OutboxRow.head(receiver: receiver, passing: passing, $0) }) {
            case .waiting(let head): return head
            case .unreadable(let id): try await giveUpUnreadable(id)
            case nil: return nil
            }
        }
    }

    /// A row that cannot be read must not block its queue for ever.
    private func giveUpUnreadable(_ id: String) async throws(JournalError) {
        let reason = "its record cannot be read"
        try await write { try OutboxRow.settle(id, state: "dead", reason: reason, atWallMs: 0, $0) }
    }

    package func markDelivered(_ id: String, atWallMs: Int64) async throws(JournalError) {
        try await write { try OutboxRow.settle(id, state: "delivered", reason: "", atWallMs: atWallMs, $0) }
    }

    package func markDead(_ id: String, reason: String, atWallMs: Int64) async throws(JournalError) {
        try await write { try OutboxRow.settle(id, state: "dead", reason: reason, atWallMs: atWallMs, $0) }
    }

    package func markRetry(_ id: String, reason: String, nextTryWallMs: Int64) async throws(JournalError) {
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE outbox SET tries = tries + 1, reason = ?, next_try_ms = ? WHERE id = ? AND state = 'waiting'
                    """, arguments: [reason, nextTryWallMs, id])
        }
    }

    package func outboxCounts() async throws(JournalError) -> OutboxCounts {
        try await readForPeople(OutboxRow.counts)
    }

    package func queues() async throws(JournalError) -> [ReceiverQueue] {
        try await readForPeople(OutboxRow.queues)
    }

    package func fates(ofEntries sequences: [UInt64]) async throws(JournalError) -> [DeliveryFate] {
        try await readForPeople { [identity] in
            try OutboxRow.fates(sequences.prefix(OutboxRow.fateLimit).map { "\(identity)-\($0)" }, $0)
        }
    }

    package func deadLetters(limit: Int) async throws(JournalError) -> [DeadLetter] {
        try await readForPeople { try OutboxRow.dead(limit: limit, $0) }
    }

    package func resend(_ choice: DeliveryChoice) async throws(JournalError) -> Int {
        try await write { try OutboxRow.resend(choice, $0) }
    }

    package func drop(_ choice: DeliveryChoice, limit: Int, atWallMs: Int64) async throws(JournalError) -> Int {
        try await write { try OutboxRow.drop(choice, limit: limit, atWallMs: atWallMs, $0) }
    }
}
