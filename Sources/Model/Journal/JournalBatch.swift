/// What is written at once.
public struct JournalBatch: Sendable, Equatable {
    /// Rising, without gaps inside a batch.
    public var entries: [JournalEntry]
    public var deliveries: [Delivery]

    public init(entries: [JournalEntry] = [], deliveries: [Delivery] = []) {
        self.entries = entries
        self.deliveries = deliveries
    }
}
