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
    /// Browsers that follow the status as server-sent events; nil for none.
    var streams: Int?
    /// Of all readers together; nil for as many as they receive answers to.
    var requestsPerSecond: Double?
    /// Each release has a plan whose steps hang; nil for no plans.
    var hasHangingPlans: Bool?
    /// The port of 127.0.0.1 at which they hang; of this run alone.
    var silentPort: Int?

    /// Many browsers that follow the status: what they cost a decision is measured without the rest of the load.
    static let browsers = DaemonLoad(
        journalEntries: 1_000, readers: 10, rules: 25, buckets: 100, waiting: 100, streams: 200, requestsPerSecond: 50)

    /// What the plans of rollbacks may cost a decision.
    static let plans = DaemonLoad(
        journalEntries: 1_000, readers: 1, rules: 25, buckets: 100, waiting: 100, requestsPerSecond: 1,
        hasHangingPlans: true)

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
            + (streams.map { ", \($0) event streams" } ?? "")
            + (requestsPerSecond.map { ", \(Int($0)) requests/s" } ?? "")
            + (hasHangingPlans == true ? ", a plan of each release whose steps hang" : "")
    }
}
