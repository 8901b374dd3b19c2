import Foundation
import Statistics

/// `rollguard evidence`: increments in, evidence out, line by line.
package struct EvidenceCalculator {
    /// How the lines are judged.
    package struct Options: Sendable, Equatable {
        /// 0.1 for a tolerance of 10 %. At least 0.
        package var tolerance: Double
        /// Strictly between 0 and 1.
        package var falseAlarm: Double
        /// 0..<1; 0 for none.
        package var floor: Double
        /// The lines hold counters since the process began, not increments.
        package var areCounters: Bool

        package init(
            tolerance: Double = 0.1, falseAlarm: Double = 0.01, floor: Double = 0, areCounters: Bool = false
        ) {
            self.tolerance = tolerance
            self.falseAlarm = falseAlarm
            self.floor = floor
            self.areCounters = areCounters
        }
    }

    private let options: Options
    private var monitor: RegressionMonitor?
    /// Of both pools, from the first line; nil without buckets.
    private var bounds: [Double]?
    private var lineNumber = 0
    private var firstSeconds = 0.0
    private var lastSeconds = 0.0
    private var requests = 0.0
    private var baselineCounters = InstanceCounters()
    private var canaryCounters = InstanceCounters()

    package init(_ options: Options) { self.options = options }

    /// The canary is worse than tolerated. It stays so.
    package var isWorse: Bool { monitor?.verdict == .worse }

    /// Takes in a line and gives the line to print; nil for an empty one.
    ///
    /// - Throws: ``CalculatorError``; nothing after such a line can be judged.
    package mutating func take(_ text: String) throws(CalculatorError) -> String? {
        lineNumber += 1
        guard !text.allSatisfy(\.isWhitespace) else { return nil }
        do {
            let line = try increments(checked(EvidenceLine.parse(text)))
            return try answer(to: line)
        } catch {
            throw CalculatorError(line: lineNumber, text: error.text)
        }
    }

    private func checked(_ line: EvidenceLine) throws(InputError) -> EvidenceLine {
        guard line.seconds >= 0 else { throw InputError("'t' is \(line.seconds.plain); it counts from the start") }
        guard monitor == nil || line.seconds > lastSeconds else {
            throw InputError("'t' is \(line.seconds.plain), after \(lastSeconds.plain); time does not go back")
        }
        let both = line.baseline.buckets != nil && line.canary.buckets != nil
        guard both || (line.baseline.buckets == nil && line.canary.buckets == nil) else {
            throw InputError("one pool has 'buckets' and the other has not")
        }
        guard line.baseline.bounds == line.canary.bounds else {
            throw InputError("the pools' 'buckets' have different bounds; give those that both have")
        }
        guard monitor == nil || both == (bounds != nil) else {
            throw InputError(
                both ? "'buckets' was not in the first line" : "'buckets' is missing; the first line had it")
        }
        guard monitor == nil || line.baseline.bounds == bounds else {
            throw InputError("'buckets' has other bounds than in the first line")
        }
        guard !both || !options.areCounters else {
            throw InputError("'buckets' cannot be used with --counters; give increments")
        }
        for (name, pool) in [("baseline", line.baseline), ("canary", line.canary)] {
            // Counters are not read at one moment, so that a bad request can be ahead of itself.
            guard options.areCounters || pool.bad <= pool.requests else {
                throw InputError(
                    "'\(name).bad' is \(pool.bad.plain), of \(pool.requests.plain) 'requests'; bad ones are among them")
            }
        }
        return line
    }

    private mutating func increments(_ line: EvidenceLine) -> EvidenceLine {
        guard options.areCounters else { return line }
        var line = line
        func increments(_ pool: EvidenceLine.Pool, _ counters: inout InstanceCounters) -> EvidenceLine.Pool {
            let found = counters.increments(to: .init(requests: pool.requests, bad: pool.bad))
            return EvidenceLine.Pool(requests: found.requests, bad: found.bad, buckets: nil)
        }
        line.baseline = increments(line.baseline, &baselineCounters)
        line.canary = increments(line.canary, &canaryCounters)
        return line
    }

    private mutating func answer(to line: EvidenceLine) throws(InputError) -> String {
        if monitor == nil {
            bounds = line.baseline.bounds
            firstSeconds = options.areCounters ? line.seconds : 0
            monitor = RegressionMonitor(settings)
        }
        let cycle = WatchCycle(
            atSeconds: line.seconds, coveredSeconds: max(line.seconds - lastSeconds, .leastNonzeroMagnitude),
            baseline: [line.baseline.instance("baseline")], canary: [line.canary.instance("canary")])
        lastSeconds = line.seconds
        requests += line.baseline.requests + line.canary.requests
        monitor?.take(cycle, assumedDispersion: line.phi)
        let elapsed = line.seconds - firstSeconds
        let rate = elapsed > 0 && requests > 0 ? requests / elapsed : nil
        guard let evidence = monitor?.evidence(requestsPerSecond: rate, history: BaselineHistory()) else { return "" }
        return try EvidenceAnswer(seconds: line.seconds, evidence: evidence).json()
    }

    private var settings: RegressionSettings {
        RegressionSettings(
            scope: bounds != nil ? .release : .errors, tolerance: options.tolerance, falseAlarm: options.falseAlarm,
            floor: options.floor, safeRatio: RegressionSettings.usualSafeRatio(tolerance: options.tolerance))
    }
}

/// A line that cannot be used.
package struct CalculatorError: Error, Equatable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    package let text: String

    package var description: String { "<stdin>:\(line): error: \(text)" }
}

extension EvidenceLine.Pool {
    fileprivate var bounds: [Double]? { buckets?.map(\.bound) }

    fileprivate func instance(_ name: String) -> InstanceIncrements {
        let latency = buckets.map { buckets in
            LatencyIncrements(
                upperBounds: buckets.map(\.bound), cumulative: buckets.map(\.count), count: buckets.last?.count ?? 0)
        }
        return InstanceIncrements(instance: name, requests: requests, errors: bad, latency: latency)
    }
}
