import Bench
import Telemetry

/// What reading a scrape body costs, without the transfer.
struct ReaderFigure: Sendable, Codable, Equatable {
    var samples: Int
    var bodyBytes: Int
    /// CPU nanoseconds per sample of a target's first scrape body.
    var firstNs: Double
    /// Of the bodies after it, which differ in their numbers.
    var nextNs: Double

    /// Megabytes (10^6) per CPU second of the later bodies.
    var nextMBPerSecond: Double { Double(bodyBytes) / (nextNs * Double(samples)) * 1e3 }
    var firstMBPerSecond: Double { Double(bodyBytes) / (firstNs * Double(samples)) * 1e3 }
}

enum ReaderRows {
    static func measure(samples: Int) throws -> ReaderFigure {
        let exposition = ServiceExposition(samples: samples)
        let expositions = (0..<8).map {
            exposition.bytes(Traffic(requests: 1e6 + 1e3 * Double($0), errors: 1e4 + 10 * Double($0)))
        }
        let rounds = max(1, 200_000 / samples)
        func reader() throws -> TargetReader { try TargetReader(watch: BusyKernel.watch, limits: ScrapeLimits()) }
        let first = try Stopwatch.best {
            for _ in 0..<rounds {
                var fresh = try reader()
                _ = try fresh.read(expositions[0], format: .prometheusText, atUptimeMs: 0, countNewWithin: nil)
            }
        }
        var known = try reader()
        var second: Int64 = 0
        let next = try Stopwatch.best {
            for _ in 0..<rounds {
                second += 1
                _ = try known.read(
                    expositions[Int(second) % expositions.count], format: .prometheusText, atUptimeMs: second * 1_000,
                    countNewWithin: nil)
            }
        }
        let count = Double(rounds * samples) / 1e9
        return ReaderFigure(
            samples: samples, bodyBytes: expositions[0].count, firstNs: first / count, nextNs: next / count)
    }
}
