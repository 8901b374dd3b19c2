/// What the daemon has to do besides deciding, in the second half of ``LoadRow``.
struct DaemonLoad: Sendable, Codable, Equatable {
    /// In the journal when the daemon starts.
    var journalEntries = 100_000
    /// Connections to the API that request one document after the other.
    var readers = 40
    /// Over all releases.
    var rules = 500
    /// Histogram buckets of each target's scrape body.
    var buckets = 900
    /// Deliveries that wait for one receiver during the whole measurement.
    var waiting = 10_000

    /// The receiver answers a delivery after this time, so that its queue is being delivered, slowly, during the whole
    /// measurement.
    static let receiverAnswerMs: Int64 = 20
    static let receiver = "slow"
    /// Deliveries beyond ``waiting``, which may be delivered before the measurement ends: 50 a second for 100 seconds.
    static let spareDeliveries = 5_000

    /// `100 000 journal entries, 40 readers of the API, …`
    var text: String {
        "\(Figures.grouped(journalEntries)) journal entries, \(readers) readers of the API, \(rules) rules, scrape bodies"
            + " of \(buckets) buckets, \(Figures.grouped(waiting)) deliveries waiting for a receiver that takes"
            + " \(1_000 / DaemonLoad.receiverAnswerMs) a second"
    }
}
