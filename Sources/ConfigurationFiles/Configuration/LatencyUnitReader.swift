import Declarations
import Telemetry

/// Reads `indicators.latency_unit`, or takes the unit from the metric's name, and doubts what `latency` names.
enum LatencyUnitReader {
    /// Nil where nothing says a unit other than seconds.
    static func unit(_ fields: Fields, latency: SeriesSelector?) -> LatencyUnit? {
        if let latency, let field = fields["latency"] { doubtSuffix(latency.metric, field) }
        if fields.has("latency_unit") {
            if !fields.has("latency"), latency == nil {
                fields["latency_unit"]?.fail(
                    "'latency_unit' is the unit of 'latency', which 'indicators' does not have")
            }
            let unit = fields["latency_unit"]?.choice(LatencyUnit.self)
            if let latency, let unit { doubtContradiction(latency.metric, unit, fields) }
            return unit
        }
        guard let latency, let unit = LatencyUnit(nameOf: latency.metric), unit != .seconds else { return nil }
        let metric = Quote.value(latency.metric)
        fields["latency"]?.log.warning(
            fields["latency"]?.place ?? fields.place,
            "\(metric) is read as \(unit.name) because of its name; write 'latency_unit: \(unit.rawValue)' to confirm it, "
                + "or 'latency_unit: s' if its values are seconds")
        return unit
    }

    /// A name may be wrong, and then `s` is what confirms that its values are seconds. Any other unit that the name
    /// contradicts is rather an error of the configuration.
    private static func doubtContradiction(_ metric: String, _ unit: LatencyUnit, _ fields: Fields) {
        guard unit != .seconds, let named = LatencyUnit(nameOf: metric), named != unit else { return }
        fields["latency_unit"]?.log.warning(
            fields["latency_unit"]?.place ?? fields.place,
            "'latency_unit: \(unit.rawValue)' contradicts the name \(Quote.value(metric)), which says \(named.name); every "
                + "latency would be read as another one if the name is right")
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
