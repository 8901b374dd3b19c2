import Declarations
import Telemetry

/// Reads `indicators.latency_unit`, or takes the unit from the metric's name, and doubts what `latency` names.
enum LatencyUnitReader {
    /// Nil where nothing says a unit other than seconds.
    static func unit(_ fields: Fields, latency: SeriesSelector?) -> LatencyUnit? {
        if let latency, let field = fields["latency"] { doubtSuffix(latency.metric, field) }
        if fields.has("latency_unit") {
            if !fields.has("latency") {
                fields["latency_unit"]?.fail(
                    "'latency_unit' is the unit of 'latency', which 'indicators' does not have")
            }
            return fields["latency_unit"]?.choice(LatencyUnit.self)
        }
        guard let latency, let unit = LatencyUnit(nameOf: latency.metric), unit != .seconds else { return nil }
        let metric = Quote.value(latency.metric)
        fields["latency"]?.log.warning(
            fields["latency"]?.place ?? fields.place,
            "\(metric) is read as \(unit.name) because of its name; write 'latency_unit: \(unit.rawValue)' to confirm it, "
                + "or 'latency_unit: s' if its values are seconds")
        return unit
    }

    static func doubtSuffix(_ metric: String, _ field: Field) {
        for suffix in ["_bucket", "_sum", "_count"]
        where metric.hasSuffix(suffix) && metric.utf8.count > suffix.utf8.count {
            let base = String(metric.dropLast(suffix.count))
            field.log.warning(
                field.place,
                "\(field.label) names a histogram or summary without the suffix of its series: \(Quote.value(base)) instead of "
                    + "\(Quote.value(metric))")
        }
    }
}
