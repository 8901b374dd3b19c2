/// What one process has truly served over the last two minutes.
struct TrafficRecord {
    private struct Sample {
        let atMs: Int64
        let total: Double
    }

    private var samples: [Sample] = []
    private var total = 0.0

    /// Longer than every window and silence of a run.
    private static let keptMs: Int64 = 120_000

    mutating func serve(_ count: Double) { total += count }

    /// Call at each moment up to which the traffic has flowed.
    mutating func note(atMs now: Int64) {
        samples.append(Sample(atMs: now, total: total))
        if samples.count > 64, samples[32].atMs < now - TrafficRecord.keptMs { samples.removeFirst(32) }
    }

    /// Requests from one moment to another, at least; between two samples the flow is even.
    func requests(fromMs: Int64, toMs: Int64) -> Double {
        guard toMs > fromMs else { return 0 }
        return max(0, amount(atMs: toMs) - amount(atMs: fromMs))
    }

    private func amount(atMs time: Int64) -> Double {
        guard let next = samples.firstIndex(where: { $0.atMs >= time }) else { return samples.last?.total ?? 0 }
        guard next > 0 else { return samples[0].total }
        let (before, after) = (samples[next - 1], samples[next])
        let part = Double(time - before.atMs) / Double(max(1, after.atMs - before.atMs))
        return before.total + part * (after.total - before.total)
    }

    /// The highest rate between two samples since a moment, requests per second.
    func highestRate(sinceMs: Int64) -> Double {
        var highest = 0.0
        for (before, after) in zip(samples, samples.dropFirst()) where after.atMs > max(sinceMs, before.atMs) {
            highest = max(highest, (after.total - before.total) * 1_000 / Double(after.atMs - before.atMs))
        }
        return highest
    }
}
