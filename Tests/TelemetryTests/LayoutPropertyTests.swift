import Testing

@testable import Telemetry

/// Two readers get the same scrape bodies: one makes layouts, the other reads every body token by token. All that can
/// be seen must be equal, errors included.
struct ReaderPair {
    private var quick: TargetReader
    private var plain: TargetReader
    private var scratch = ReadingScratch()
    private var uptimeMs: Int64 = 0
    /// Scrape bodies that went by a layout.
    private(set) var byLayout = 0

    init(_ watch: WatchList, limits: ScrapeLimits = ScrapeLimits()) throws {
        quick = try TargetReader(watch: watch, limits: limits)
        plain = try TargetReader(watch: watch, limits: limits)
    }

    mutating func forget() {
        quick.forget()
        plain.forget()
    }

    /// - Returns: a difference, or nil.
    mutating func read(
        _ body: [UInt8], _ format: ExpositionFormat = .prometheusText, known: [ExpositionLayout] = []
    ) -> String? {
        uptimeMs += 1_000
        let before = quick.layout
        let one = Self.result(&quick, body, format, LayoutOffer(known: known), uptimeMs, &scratch)
        let other = Self.result(&plain, body, format, .none, uptimeMs, &scratch)
        if let before, quick.layout === before { byLayout += 1 }
        if plain.layout != nil { return "the plain reader has made a layout" }
        return one == other ? nil : "with layouts: \(one)\nwithout: \(other)"
    }

    var layout: ExpositionLayout? { quick.layout }

    /// As text, in which NaN is NaN and -0 is not 0.
    private static func result(
        _ reader: inout TargetReader, _ body: [UInt8], _ format: ExpositionFormat, _ offer: LayoutOffer,
        _ uptimeMs: Int64, _ scratch: inout ReadingScratch
    ) -> String {
        do throws(ExpositionError) {
            let reading = try reader.read(
                body, format: format, atUptimeMs: uptimeMs, countNewWithin: 1_000...2_000_000_000, scratch: &scratch,
                layouts: offer)
            return "\(reading)"
        } catch { return "error: \(error)" }
    }
}

/// A target that serves a scrape body again and again, and lets it change in every way that a body can.
private struct MovingBody {
    struct Line {
        var text: String
        var value: String
        /// Behind the value.
        var tail = ""
    }

    let format: ExpositionFormat
    var draw: SystemRandomNumberGenerator.Seeded
    var lines: [Line] = []
    /// Lines that were taken out and may come back.
    private var gone: [Line] = []
    private var names = 0
    /// One target changes at nearly every scrape body, another keeps its shape for many.
    private let calm: Int

    init(seed: UInt64, format: ExpositionFormat) {
        draw = .init(seed)
        self.format = format
        calm = seed % 3 == 0 ? 1 : 12
        for _ in 0..<Int(draw.next() % 12 + 1) { lines.append(line()) }
    }

    private mutating func below(_ bound: Int) -> Int { Int(draw.next() % UInt64(bound)) }

    private mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    private mutating func line() -> Line {
        names += 1
        let text = pick([
            "r_total{c=\"200\"}", "r_total{c=\"500\"}", "r_total{c=\"503\",p=\"\(names)\"}", "r_total",
            "r_total{p=\"a\",c=\"200\"}", "r_total{c=\"200\",p=\"a\"}", "r_created{c=\"200\"}", "other{x=\"\(names)\"}",
            "l_bucket{le=\"0.1\"}", "l_bucket{le=\"1\"}", "l_bucket{le=\"1.0\",p=\"\(below(3))\"}",
            "l_bucket{le=\"+Inf\"}",
            "l_bucket{le=\"NaN\"}", "l_bucket{le=\"-0\"}", "l_bucket{le=\"0\"}", "l_sum", "l_count",
            "l_count{p=\"\(below(3))\"}",
            "l{quantile=\"0.5\"}", "l{quantile=\"0.99\",p=\"\(below(3))\"}", "process_start_time_seconds",
            "go_goroutines",
            "r_total{c=\"2\\\"0\"}", "{\"r_total\",c=\"500\"}", "other{c=\"é\"}",
            "retries_total{c=\"200\"}", "retries_total", "queue{q=\"\(below(3))\"}", "queue",
            "h_bucket{le=\"0.5\"}", "h_bucket{le=\"5\"}", "h_bucket{le=\"+Inf\"}", "h_bucket{le=\"0.5\",p=\"a\"}",
            "h_bucket{le=\"NaN\"}", "h_sum", "h_count",
        ])
        return Line(text: text, value: value(), tail: below(40) == 0 ? timestamp() : "")
    }

    private mutating func value() -> String {
        below(12) > 0 ? "\(below(1_000))" : oddValue()
    }

    private mutating func oddValue() -> String {
        pick([
            "0", "1.5", "NaN", "+Inf", "-Inf", "-3", "+4", "1e3", "1.7976931348623157e308", "1e-400", "5.", ".5", "007",
            "123456789012345678", "12345678901234567890123", "0.1234567890123456789", "1234.56789012345678", "-0",
            "inf",
            "99999999999999999999999999999999999999999999", "1_0", "0x1p3", "1e400", "", "abc", "1.2.3", "12a", "1e",
            "--1",
            "4503599627370497.5", String(repeating: "9", count: 400), "9007199254740993",
            "1000000000000000000000000000000000000000000000001",
        ])
    }

    private mutating func timestamp() -> String {
        format == .openMetrics ? " \(1_700_000_000 + below(3))" : " \(1_700_000_000_000 + below(3))"
    }

    /// Mostly the values alone.
    mutating func move() {
        for index in lines.indices where below(3) > 0 {
            if let old = Int(lines[index].value), below(40) > 0 {
                lines[index].value = "\(old + below(50))"
            } else {
                lines[index].value = value()
            }
        }
        if below(6) == 0, !lines.isEmpty { lines[below(lines.count)].value = oddValue() }
        if below(calm) == 0 { reshape() }
    }

    private mutating func reshape() {
        switch below(8) {
        case 0: lines.insert(line(), at: below(lines.count + 1))
        case 1 where !lines.isEmpty: gone.append(lines.remove(at: below(lines.count)))
        case 2 where lines.count > 1: lines.swapAt(below(lines.count), below(lines.count))
        case 3: lines = lines.map { Line(text: $0.text, value: "0", tail: $0.tail) }
        case 4 where !lines.isEmpty: lines.append(lines[below(lines.count)])
        case 5 where !gone.isEmpty: lines.append(gone.remove(at: below(gone.count)))
        case 6 where !lines.isEmpty: lines[below(lines.count)].tail = below(2) == 0 ? timestamp() : ""
        default: break
        }
    }

    /// The scrape body's bytes, sometimes damaged for this once.
    mutating func bytes() -> [UInt8] {
        var text = "# HELP r_total Things.\n# TYPE r_total counter\n"
        for line in lines { text += line.text + " " + line.value + line.tail + tail() + "\n" }
        if format == .openMetrics { text += "# EOF\n" }
        var bytes = Array(text.utf8)
        if below(12 * calm) == 0 { bytes.removeLast(below(min(bytes.count, 9))) }
        if below(14 * calm) == 0 {
            bytes[below(bytes.count)] = pick([0, 0x0A, 0x20, 0x09, 0x30, 0x7B, 0x22, 0x5C, 0x23, 0xFF])
        }
        if below(30 * calm) == 0 { bytes.insert(pick([0, 0x0A, 0x20, 0x31, 0x2E]), at: below(bytes.count)) }
        return bytes
    }

    private mutating func tail() -> String {
        guard below(60 * calm) == 0 else { return "" }
        return pick([" ", "\t", " 1700000000000", " 1700000000", " # {trace_id=\"x\"} 0.5", "\r", "{"])
    }
}

@Suite("Reading by layout and token by token")
struct LayoutPropertyTests {
    private static let watch = WatchList(
        requests: SeriesSelector(metric: "r_total"),
        errors: SeriesSelector(metric: "r_total", matchers: [.init(label: "c", comparison: .matches, value: "5..")]),
        latency: SeriesSelector(metric: "l"),
        signals: [
            Signal(kind: .counter, selector: SeriesSelector(metric: "retries_total")),
            // The same series as the requests.
            Signal(kind: .counter, selector: SeriesSelector(metric: "r_total")),
            Signal(kind: .gauge, selector: SeriesSelector(metric: "queue")),
            Signal(kind: .histogram, selector: SeriesSelector(metric: "h"), unit: .milliseconds),
            // Another meaning of the latency's own histogram.
            Signal(kind: .histogram, selector: SeriesSelector(metric: "l")),
        ])

    /// Small limits are reached; none at all never are.
    private static let limits = [
        ScrapeLimits(), .none, ScrapeLimits(samples: 12, labels: 1, watchedSeries: 9),
        ScrapeLimits(labelValueBytes: 3, watchedSeries: 4),
    ]

    @Test(arguments: ExpositionFormat.allCases)
    func theResultIsTheSameForEveryExposition(_ format: ExpositionFormat) throws {
        var byLayout = 0
        for seed in 0..<600 {
            var target = MovingBody(seed: UInt64(seed), format: format)
            var pair = try ReaderPair(Self.watch, limits: Self.limits[seed % Self.limits.count])
            for body in 0..<30 {
                let bytes = target.bytes()
                if let difference = pair.read(bytes, format) {
                    let text = String(decoding: bytes, as: UTF8.self)
                    Issue.record("seed \(seed), body \(body):\n\(difference)\n\(text)")
                    return
                }
                if target.draw.next() % 40 == 0 { pair.forget() }
                target.move()
            }
            byLayout += pair.byLayout
        }
        // Else the test would compare the plain reader with itself.
        #expect(byLayout > 1_000)
    }

    /// What a reader learns before a layout is offered, and what another target's layout brings, change nothing.
    @Test func anotherTargetsLayoutGivesTheSame() throws {
        for seed in 0..<400 {
            var first = MovingBody(seed: UInt64(seed), format: .prometheusText)
            var maker = try ReaderPair(Self.watch)
            #expect(maker.read(first.bytes()) == nil)
            guard let layout = maker.layout else { continue }
            var pair = try ReaderPair(Self.watch)
            for _ in 0..<10 {
                #expect(pair.read(first.bytes(), known: [layout]) == nil)
                first.move()
            }
        }
    }
}
