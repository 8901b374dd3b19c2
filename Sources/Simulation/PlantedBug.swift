/// A bug planted on purpose between the kernel and the world. Each represents one that the real daemon could have, and
/// proves that a checker sees it.
package enum PlantedBug: String, CaseIterable, Sendable {
    /// The router is called as soon as the intent is handed to the journal.
    case actBeforeDurable
    /// The disk says "durable" before it is.
    case diskLies
    /// A restart takes half a batch that a crash tore apart.
    case tornRecordIsRead
    /// A restart does not read the intents.
    case forgetIntentOnRestart
    /// A restart does not read that a rollback was acknowledged, nor anything else of it.
    case forgetLatchOnRestart
    /// Each try of a delivery gets an id of its own.
    case newDeliveryIdOnRetry
    /// A delivery goes out before its entry is on the disk.
    case deliverBeforeDurable
    /// What a receiver has taken is not marked.
    case neverMarkDelivered
    /// The driver calls the first instance only and answers for all.
    case applyToFirstInstance
    /// The driver reads the first instance only and answers for all.
    case observeFirstInstance
    /// The driver reads back what it asked for.
    case receiptIsProof
    /// The canary's counters are read as the baseline's too, so no rule ever sees a difference.
    case poolsMixedUp
    /// A failed scrape of the canary is reported as a scrape body full of errors.
    case failureIsBreach
    /// One of the daemon's services returns after a minute, and the others end with it.
    case serviceReturns
}
