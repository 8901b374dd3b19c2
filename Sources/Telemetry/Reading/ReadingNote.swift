/// What a scrape body cannot prove, and what was therefore not counted. For operators: it is shown in the status and
/// logged once.
public enum ReadingNote: Sendable, Equatable, Hashable, Codable, CustomStringConvertible {
    /// Values or start times go back and forth between scrape bodies: more than one process answers at the address.
    case severalProcesses
    /// A counter fell although nothing in the scrape body says that its process restarted.
    case fellWithoutRestart
    /// A counter that had fallen came back to its old level.
    case cameBack
    /// Series appeared with more than the scrape body's other series make plausible; their values are only a base.
    case lateSeriesNotCounted
    /// The first scrape body of a young process has more than its later rate makes plausible; it is only a base.
    case firstScrapeNotCounted
    /// The counters rose by far more than before, and the next scrape body did not confirm it.
    case jumpNotCounted
    /// More errors than requests.
    case errorsExceedRequests
    /// Numbers that move whether or not there is traffic do not change, so the body is an old one.
    case notRenewed
    /// Each scrape shows a process that started after the scrape before it.
    case shortProcesses
    /// A watched counter has a negative value.
    case negativeCounter
    /// The scrape body declares a watched metric with a type that is no counter's; metric and type as in the body.
    case notACounter(metric: String, type: String)

    public var description: String {
        switch self {
        case .severalProcesses:
            "several processes answer at this address: counters or start times go back and forth between scrapes, so "
                + "its counts are not used; scrape each process at an address of its own"
        case .fellWithoutRestart:
            "a counter fell, but nothing in the scrape body proves a restart; its value was not counted as new events"
        case .cameBack:
            "a counter that had fallen returned to its earlier level; the difference was not counted as new events"
        case .lateSeriesNotCounted:
            "series appeared with more events than the scrape's other counters make plausible; "
                + "their present values are only a base"
        case .firstScrapeNotCounted:
            "the first scrape of a young process has more events than its later rate makes plausible; "
                + "its values are only a base (does the start time belong to an exporter?)"
        case .jumpNotCounted:
            "the counters jumped once, far above their rate before and after; the jump was not counted"
        case .errorsExceedRequests:
            "more errors than requests were counted; check that the errors selector counts a part of the requests"
        case .notRenewed:
            "the scrape body is repeated: not even its uptime or its allocated memory changes, so unchanged counters are "
                + "not taken for silence (does a cache answer?)"
        case .shortProcesses:
            "each scrape shows another process, which started after the scrape before it, so its counts say nothing "
                + "about the time between them; scrape a process that lives longer than the interval"
        case .negativeCounter: "a watched counter has a negative value, which was not counted; is it a gauge?"
        case .notACounter(let metric, let type):
            "\(metric) is declared as a \(type), but a counter is needed"
        }
    }
}
