/// The exposition of a web service as Prometheus client libraries write it: runtime gauges, a request histogram and a
/// request counter per route, 96 bytes per sample, comments included.
///
/// An exposition of `samples` series has 25 per route (20 buckets, `_sum`, `_count` and three status codes); what is
/// left over are gauges of the runtime. It is a text with holes: between two scrapes only the numbers are rewritten.
public struct ServiceExposition: Sendable {
    /// Per route: buckets, `_sum`, `_count`, three codes.
    public static let samplesPerRoute = 25

    public let samples: Int
    private var text: [UInt8] = []
    /// Where the text before each number ends.
    private var ends: [Int] = []
    private var places: [ValueSlot] = []

    /// - Parameter samples: at least 25.
    public init(samples: Int) {
        precondition(
            samples >= ServiceExposition.samplesPerRoute, "an exposition has at least one route, of 25 samples")
        self.samples = samples
        let routes = max(1, samples * 95 / 100 / ServiceExposition.samplesPerRoute)
        writeGauges(samples - routes * ServiceExposition.samplesPerRoute)
        writeHistograms(routes, ServiceExposition.buckets)
        writeCounters(routes)
        text += [UInt8](ascii: "\n")
    }

    /// The exposition of one route whose histogram has so many buckets, each 10 ms wide; without gauges.
    public init(buckets count: Int) {
        precondition(count >= 2, "a histogram has a bound and +Inf")
        samples = count + 5
        let bounds = (1..<count).map { Double($0) / 100 }
        writeHistograms(1, bounds.map { ("\($0)", $0 / ($0 + 0.05)) } + [("+Inf", 1)])
        writeCounters(1)
        text += [UInt8](ascii: "\n")
    }

    /// A buffer of this many bytes holds the exposition whatever its numbers are.
    public var byteLimit: Int { text.count + places.count * ValueSlot.byteLimit }

    /// Writes the exposition and returns its length in bytes.
    ///
    /// - Parameter bytes: room for ``byteLimit`` bytes.
    public func write(_ traffic: Traffic, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        precondition(bytes.count >= byteLimit, "the buffer is too small for the exposition")
        return text.withUnsafeBytes { text in
            var (from, count) = (0, 0)
            func copy(to end: Int) {
                let piece = UnsafeRawBufferPointer(rebasing: text[from..<end])
                UnsafeMutableRawBufferPointer(rebasing: bytes[count..<count + piece.count]).copyMemory(from: piece)
                count += piece.count
                from = end
            }
            for (place, end) in zip(places, ends) {
                copy(to: end)
                count += place.write(traffic, to: UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
            }
            copy(to: text.count)
            return count
        }
    }

    /// The exposition as an array.
    public func bytes(_ traffic: Traffic) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteLimit) { buffer, count in
            count = write(traffic, to: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    // MARK: the text

    private mutating func line(_ series: String, _ place: ValueSlot) {
        // The line break before it, not the one behind it, so that a number always ends the written part.
        text += [UInt8](ascii: (text.isEmpty ? "" : "\n") + series + " ")
        ends.append(text.count)
        places.append(place)
    }

    private mutating func family(_ name: String, _ type: String, _ help: String) {
        text += [UInt8](ascii: (text.isEmpty ? "" : "\n") + "# HELP \(name) \(help)\n# TYPE \(name) \(type)")
    }

    private mutating func writeGauges(_ count: Int) {
        for index in 0..<count {
            let name = "go_runtime_state_\(index)_bytes"
            family(name, "gauge", "Bytes held by the runtime for purpose \(index).")
            let base = Double(1_000 + index * 7_919)
            line(name, ValueSlot(base: base, perRequest: 0.37 * Double(index + 1), isDecimal: index % 2 == 1))
        }
    }

    private mutating func writeHistograms(_ routes: Int, _ buckets: [(bound: String, below: Double)]) {
        let name = "http_request_duration_seconds"
        family(name, "histogram", "Time to answer a request.")
        for route in 0..<routes {
            let labels = ServiceExposition.labels(route)
            let share = ServiceExposition.share(of: route, among: routes)
            for (bound, below) in buckets {
                line("\(name)_bucket{\(labels),le=\"\(bound)\"}", ValueSlot(perRequest: share * below))
            }
            line("\(name)_sum{\(labels)}", ValueSlot(perRequest: share * 0.043, isDecimal: true))
            line("\(name)_count{\(labels)}", ValueSlot(perRequest: share))
        }
    }

    private mutating func writeCounters(_ routes: Int) {
        let name = "http_requests_total"
        family(name, "counter", "Requests by route and status.")
        for route in 0..<routes {
            let labels = ServiceExposition.labels(route)
            let share = ServiceExposition.share(of: route, among: routes)
            line("\(name){\(labels),code=\"200\"}", ValueSlot(perRequest: share * 0.98, perError: -share))
            line("\(name){\(labels),code=\"302\"}", ValueSlot(perRequest: share * 0.02))
            line("\(name){\(labels),code=\"500\"}", ValueSlot(perError: share))
        }
    }

    private static func labels(_ route: Int) -> String { "method=\"GET\",route=\"/api/v1/orders/\(route)\"" }

    /// Some routes are busier than others: the first gets about three times as much as the last.
    private static func share(of route: Int, among routes: Int) -> Double {
        let weight = 1.5 - Double(route) / Double(routes)
        return weight / (Double(routes) + 0.5)
    }

    /// Bounds as client libraries write them, and the share of requests at or below each.
    private static let buckets: [(bound: String, below: Double)] = [
        ("0.001", 0.02), ("0.002", 0.06), ("0.003", 0.11), ("0.005", 0.2), ("0.0075", 0.31), ("0.01", 0.4),
        ("0.015", 0.52), ("0.025", 0.66), ("0.05", 0.8), ("0.075", 0.87), ("0.1", 0.91), ("0.15", 0.945),
        ("0.25", 0.97), ("0.5", 0.988), ("0.75", 0.9935), ("1", 0.996), ("2.5", 0.999), ("5", 0.9997),
        ("10", 0.99995), ("+Inf", 1),
    ]
}

extension [UInt8] {
    /// Bytes of a text.
    init(ascii text: String) { self = Array(text.utf8) }
}
