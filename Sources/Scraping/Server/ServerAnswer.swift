import Foundation
import Ports

/// Why an answer of the server cannot be used; to be read after `the answer of ADDRESS `.
struct ServerAnswerError: Error, CustomStringConvertible {
    let description: String
}

/// One series of an answer.
struct ServerSeries: Equatable {
    struct Sample: Equatable {
        /// Since the epoch, by the server's clock.
        let timeMs: Int64
        let value: Double
        /// As the server wrote it.
        let text: String
    }

    /// `__name__`.
    let name: String
    /// The others, sorted by their names.
    let labels: [(name: String, value: String)]
    /// In the order of time. Without the marks of a series that ended, which some servers show as NaN.
    let samples: [Sample]

    subscript(_ label: String) -> String? { labels.first { $0.name == label }?.value }

    static func == (one: ServerSeries, other: ServerSeries) -> Bool {
        one.name == other.name && one.samples == other.samples
            && one.labels.elementsEqual(other.labels) { $0.name == $1.name && $0.value == $1.value }
    }
}

/// Reads answers of `/api/v1/query`.
enum ServerAnswer {
    private struct Document: Decodable {
        let status: String?
        let error: String?
        let errorType: String?
        let warnings: [String]?
        let isPartial: Bool?
        let data: Content?
    }

    private struct Content: Decodable {
        let resultType: String
        let result: Result
    }

    private enum Result: Decodable {
        case series([Series])
        case scalar(Point)

        init(from decoder: any Decoder) throws {
            if let point = try? Point(from: decoder) {
                self = .scalar(point)
            } else {
                self = .series(try [Series](from: decoder))
            }
        }
    }

    private struct Series: Decodable {
        let metric: [String: String]
        let values: [Point]?
        let value: Point?
        /// Native histograms; what is in them is not read.
        let histograms: [Ignored]?
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    /// `[1700000000.123, "5"]`
    private struct Point: Decodable {
        let seconds: Double
        let text: String

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            seconds = try values.decode(Double.self)
            text = try values.decode(String.self)
        }
    }

    /// The raw samples of a range selector.
    static func series(_ response: HTTPResponse) throws(ServerAnswerError) -> [ServerSeries] {
        let content = try content(response)
        guard content.resultType == "matrix", case .series(let series) = content.result else {
            throw ServerAnswerError(
                description: "has the type '\(content.resultType.prefix(40))' and not the samples of a range ('matrix')"
            )
        }
        var read: [ServerSeries] = []
        for one in series { read.append(try self.series(one)) }
        return read
    }

    /// The server's present time, from the query `time()`, milliseconds since the epoch.
    static func timeMs(_ response: HTTPResponse) throws(ServerAnswerError) -> Int64 {
        let content = try content(response)
        let seconds: Double? =
            switch content.result {
            case .scalar(let point): Double(point.text)
            case .series(let series): series.first?.value.flatMap { Double($0.text) }
            }
        guard let seconds, seconds.isFinite, (0..<1e11).contains(seconds) else {
            throw ServerAnswerError(description: "does not say the time")
        }
        return Int64(seconds * 1_000)
    }

    private static func content(_ response: HTTPResponse) throws(ServerAnswerError) -> Content {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(response.body)) else {
            throw ServerAnswerError(
                description: response.status == 200
                    ? "is not the JSON of the Prometheus API" : "has the status \(response.status)")
        }
        guard response.status == 200, document.status == "success" else {
            let reason = document.error.map { ": \(String($0.prefix(300)))" } ?? ""
            throw ServerAnswerError(description: "has the status \(response.status)\(reason)")
        }
        if let warning = document.warnings?.first {
            throw ServerAnswerError(description: "may be incomplete: \(String(warning.prefix(300)))")
        }
        guard document.isPartial != true else {
            throw ServerAnswerError(description: "is partial: a node did not answer")
        }
        guard let content = document.data else { throw ServerAnswerError(description: "has no data") }
        return content
    }

    private static func series(_ one: Series) throws(ServerAnswerError) -> ServerSeries {
        let name = one.metric["__name__"] ?? ""
        guard one.histograms?.isEmpty ?? true else {
            throw ServerAnswerError(
                description:
                    "has native histograms of \(String(name.prefix(100))), which cannot be read; let the server keep the "
                    + "classic buckets too (always_scrape_classic_histograms)")
        }
        var samples: [ServerSeries.Sample] = []
        for point in one.values ?? [] {
            guard let value = Double(point.text), point.seconds.isFinite, abs(point.seconds) < 1e11 else {
                throw ServerAnswerError(description: "has a value that is no number: \(String(point.text.prefix(40)))")
            }
            // A series that has ended; a counter is never NaN.
            guard !value.isNaN else { continue }
            let timeMs = Int64((point.seconds * 1_000).rounded())
            if let last = samples.last, last.timeMs >= timeMs {
                throw ServerAnswerError(description: "has samples of \(String(name.prefix(100))) that are not in order")
            }
            samples.append(ServerSeries.Sample(timeMs: timeMs, value: value, text: point.text))
        }
        let labels = one.metric.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
        return ServerSeries(name: name, labels: labels.map { ($0.key, $0.value) }, samples: samples)
    }
}
