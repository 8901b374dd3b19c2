import Bench
import Telemetry

/// Scrape bodies of one target, a second apart.
private func pages(_ count: Int) -> [[UInt8]] {
    let page = ServiceExposition(samples: 1_000)
    return (0..<count).map { second in
        let requests = 1_000_000 + 1_000 * Double(second)
        return page.bytes(Traffic(requests: requests, errors: requests / 100))
    }
}

private func newReader() -> TargetReader {
    guard let reader = try? TargetReader(watch: BusyKernel.watch, limits: ScrapeLimits()) else {
        preconditionFailure("the selectors of the gate are right")
    }
    return reader
}

/// Ten readers read their first scrape body.
final class FirstBodies: Work {
    private let page = pages(1)[0]
    private var readers = (0..<10).map { _ in newReader() }
    private var samples = 0

    override var result: String { "\(samples) samples" }

    override func run() {
        for index in readers.indices {
            let reading = try? readers[index].read(
                page, format: .prometheusText, atUptimeMs: 1_000, countNewWithin: nil)
            samples += reading?.samples ?? 0
        }
    }
}

/// One reader reads twenty scrape bodies that differ in their numbers only.
final class NextBodies: Work {
    private let next = pages(22)
    private var reader = newReader()
    private var requests = 0.0

    override init() {
        super.init()
        // Two, because the second body is the first one that has something to count from.
        for second in 0..<2 { read(second) }
        requests = 0
    }

    override var result: String { "\(requests) requests" }

    override func run() {
        for second in 2..<22 { read(second) }
    }

    private func read(_ second: Int) {
        let reading = try? reader.read(
            next[second], format: .prometheusText, atUptimeMs: Int64(second) * 1_000, countNewWithin: nil)
        requests += reading?.requests ?? 0
    }
}
