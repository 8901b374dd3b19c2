import Foundation

/// One line of the calculator's input: what both pools did since the line before.
struct EvidenceLine: Sendable, Equatable {
    struct Pool: Sendable, Equatable {
        var requests: Double
        var bad: Double
        /// Upper bound (`le`, seconds; infinite for +Inf) and cumulative increments, in rising order of the bound.
        var buckets: [(bound: Double, count: Double)]?

        static func == (left: Pool, right: Pool) -> Bool {
            left.requests == right.requests && left.bad == right.bad
                && left.buckets?.map(\.bound) == right.buckets?.map(\.bound)
                && left.buckets?.map(\.count) == right.buckets?.map(\.count)
        }
    }

    /// Seconds since the start.
    var seconds: Double
    var baseline: Pool
    var canary: Pool
    /// The dispersion factor, at least 1.
    var phi: Double
}

extension EvidenceLine: Decodable {
    private static let fields = ["t", "baseline", "canary", "phi"]

    init(from decoder: any Decoder) throws {
        let fields = try StrictFields(decoder, known: EvidenceLine.fields)
        seconds = try fields.number("t")
        baseline = try fields.value("baseline")
        canary = try fields.value("canary")
        phi = try fields.optionalNumber("phi") ?? 1
        guard phi >= 1 else { throw InputError("'phi' is \(phi.plain); a dispersion factor is at least 1") }
    }

    /// Reads a line. - Throws: ``InputError``, with what is wrong and what to write.
    static func parse(_ text: String) throws(InputError) -> EvidenceLine {
        do {
            let line = try JSONDecoder().decode(EvidenceLine.self, from: Data(text.utf8))
            if let name = RepeatedName.first(in: text) {
                throw InputError("'\(name)' occurs twice in one object; remove one of the two")
            }
            return line
        } catch let error as InputError {
            throw error
        } catch DecodingError.typeMismatch(_, let context) {
            throw InputError("\(place(context.codingPath)) has another type than it should: \(example)")
        } catch {
            throw InputError("this is not a JSON object on one line; expected \(example)")
        }
    }

    static let example =
        #"{"t": 5, "baseline": {"requests": 900, "bad": 1}, "canary": {"requests": 100, "bad": 2}}"#

    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the line" : "'" + path.map(\.stringValue).joined(separator: ".") + "'"
    }
}

extension EvidenceLine.Pool: Decodable {
    init(from decoder: any Decoder) throws {
        let fields = try StrictFields(decoder, known: ["requests", "bad", "buckets"])
        requests = try fields.count("requests")
        bad = try fields.count("bad")
        guard let counts: [String: Double] = try fields.optionalValue("buckets") else { return }
        buckets = try EvidenceLine.Pool.rising(counts)
    }

    /// A decimal number, or `+Inf`. What else Swift takes for a number (`0x1`, `inf`) no exporter writes.
    private static func bound(_ text: String) -> Double? {
        if text == "+Inf" { return .infinity }
        guard text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func rising(_ counts: [String: Double]) throws -> [(bound: Double, count: Double)] {
        var buckets: [(bound: Double, count: Double)] = []
        for (le, count) in counts {
            guard let bound = bound(le) else {
                throw InputError("the bucket '\(le)' is not a bound in seconds; write \"0.25\" or \"+Inf\"")
            }
            guard count >= 0, count.isFinite else { throw InputError("the bucket '\(le)' is \(count.plain)") }
            buckets.append((bound, count))
        }
        buckets.sort { $0.bound < $1.bound }
        guard buckets.last?.bound == .infinity else {
            throw InputError("'buckets' has no \"+Inf\"; it holds all answers, as in a Prometheus histogram")
        }
        for (lower, upper) in zip(buckets, buckets.dropFirst()) where upper.bound == lower.bound {
            throw InputError("the bucket '\(upper.bound.plain)' occurs twice")
        }
        for (lower, upper) in zip(buckets, buckets.dropFirst()) where upper.count < lower.count {
            throw InputError(
                "the bucket '\(upper.bound.plain)' has fewer answers than '\(lower.bound.plain)'; buckets are cumulative"
            )
        }
        return buckets
    }
}

/// What is wrong with a line.
struct InputError: Error, Equatable {
    let text: String

    init(_ text: String) { self.text = text }
}

extension Double {
    /// Without needless digits: 5 rather than 5.0.
    var plain: String {
        self == rounded() && abs(self) < 1e15 ? String(Int64(self)) : "\(self)"
    }
}
