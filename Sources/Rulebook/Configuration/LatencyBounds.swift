import ReleaseKernel
import Telemetry

/// Reads `indicators.latency_bounds`: the histogram's upper bounds as the service's page shows them in `le`.
enum LatencyBounds {
    private static let limit = 1_000

    /// Seconds, rising, finite; empty when the field is not there or cannot be used.
    ///
    /// - Parameter unit: of numbers without one; nil where nothing says it, which is read as seconds.
    static func read(_ indicators: Field?, unit: LatencyUnit?) -> [Double] {
        guard let indicators, let member = indicators.value.member("latency_bounds"), !member.value.isNothing else {
            return []
        }
        let field = Field(label: "'latency_bounds'", value: member.value, log: indicators.log)
        if indicators.value.member("latency") == nil {
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
        if unit == nil, let last = bounds.last, last >= LatencyUnit.implausibleSeconds {
            field.log.warning(
                field.place,
                "a largest bound of \(NumberText.plain(last)) can hardly be seconds; if the histogram is in milliseconds, "
                    + "write 'latency_unit: ms'")
        }
        return bounds
    }

    /// `0.25` as on the page, in its unit, or `250ms`.
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
