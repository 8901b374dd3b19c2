import Declarations
import Support
import Telemetry

/// Reads `indicators.latency_bounds`: the histogram's upper bounds as the service's exposition shows them in `le`.
enum LatencyBounds {
    private static let limit = 1_000

    /// Seconds, rising, finite; empty when the field is not there or cannot be used.
    ///
    /// - Parameters:
    ///   - unit: of numbers without one; nil where nothing says it, which is read as seconds.
    ///   - metric: of `latency`; its name may say that these are seconds.
    static func read(_ indicators: Fields, unit: LatencyUnit?, metric: String) -> [Double] {
        guard let field = indicators["latency_bounds"] else { return [] }
        if !indicators.has("latency") {
            field.fail("'latency_bounds' are the bounds of 'latency', which 'indicators' does not have")
        }
        guard let entries = field.entries(of: "bounds") else { return [] }
        guard entries.count <= limit else {
            field.fail("'latency_bounds' has more than \(limit) entries")
            return []
        }
        var bounds: [Double] = []
        for entry in entries {
            guard let bound = bound(entry, unit ?? .seconds) else { return [] }
            guard bound > bounds.last ?? 0 else {
                entry.fail("the bounds of a histogram are above 0 and rise; put them in order")
                return []
            }
            if bound.isFinite { bounds.append(bound) }
        }
        if unit == nil { warnOfUnit(bounds, metric: metric, field) }
        return bounds
    }

    private static func warnOfUnit(_ bounds: [Double], metric: String, _ field: Field) {
        guard let first = bounds.first, let last = bounds.last else { return }
        let isDoubtful =
            LatencyUnit(nameOf: metric) == nil
            ? LatencyUnit.isDoubtfulInSeconds(smallest: first, largest: last) : last >= LatencyUnit.implausibleSeconds
        guard isDoubtful else { return }
        field.log.warning(
            field.place,
            "bounds from \(NumberText.plain(first)) to \(NumberText.plain(last)) can hardly be seconds; if the histogram "
                + "is in milliseconds, write 'latency_unit: ms' (or 'latency_unit: s' if they are right)")
    }

    /// In the unit of the scrape body: of the numbers that give the same seconds the shortest.
    static func written(_ bounds: [Double], unit: LatencyUnit?) -> [YAMLTree] {
        let factor = (unit ?? .seconds).perSecond
        return bounds.map { bound in
            let near = bound * factor
            let same = [near, near.nextDown, near.nextUp].filter { $0 / factor == bound }.map(PlainNumber.text)
            return .plain(same.min { $0.utf8.count < $1.utf8.count } ?? PlainNumber.text(near))
        }
    }

    /// `0.25` as in the exposition, in its unit, or `250ms`.
    private static func bound(_ field: Field, _ unit: LatencyUnit) -> Double? {
        guard case .text(let text, _) = field.value.content, !field.value.isNothing else {
            return field.refuse("a bound such as 0.25 or 250ms")
        }
        if text == "+Inf" { return .infinity }
        if let number = Amounts.number(text) { return number / unit.perSecond }
        guard let milliseconds = try? Amounts.durationMs(text) else {
            return field.refuse("a bound such as 0.25 or 250ms")
        }
        return Double(milliseconds) / 1_000
    }
}
