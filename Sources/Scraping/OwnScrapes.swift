/// Finds out whether a target's requests counter counts the scrapes themselves, as web frameworks do that count each
/// request they serve, `/metrics` included. After a rollback such a counter never stops rising.
///
/// It is tested: where a scrape reports hardly more requests than the scrapes made, the target is scraped once more at
/// once. A counter of users does not move in so short a time; one that counts scrapes moves each time.
struct OwnScrapes {
    /// Nil while it is not known.
    private(set) var isCounted: Bool?
    /// Scrapes since the scrape body that was read last.
    private var attempts = 0.0
    private var hits = 0

    /// So many tries in a row have to agree. At ten requests per second all of them agree by chance once in a thousand times,
    /// and a target with so many requests is not tried.
    private static let hitsNeeded = 3
    /// More requests than the scrapes made by so many are users, or probes beside the scrapes.
    private static let fewRequests = 3.0

    /// A scrape is sent, whatever comes of it.
    mutating func attempt() { attempts += 1 }

    /// A scrape body was read.
    ///
    /// - Returns: the requests on it that the scrapes made; 0 while that is not known.
    mutating func read(requests: Double?) -> Double {
        defer { attempts = 0 }
        guard let requests else { return 0 }
        // A scrape body without any request was served, so scrapes are not counted.
        if requests == 0, attempts >= 1 { isCounted = false }
        return isCounted == true ? min(requests, attempts) : 0
    }

    /// Whether to scrape once more at once, after a scrape body with so many requests.
    func isWorthATry(requests: Double?, attempts: Double) -> Bool {
        guard isCounted == nil, let requests else { return false }
        return requests >= attempts && requests <= attempts + OwnScrapes.fewRequests
    }

    /// The second scrape reported this many requests.
    mutating func tried(requests: Double?) {
        defer { attempts = 0 }
        guard let requests else { return }
        hits = requests == 1 ? hits + 1 : 0
        if requests == 0 { isCounted = false }
        if hits >= OwnScrapes.hitsNeeded { isCounted = true }
    }

    var scrapesSinceRead: Double { attempts }
}
