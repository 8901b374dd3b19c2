import Declarations
import Model
import Telemetry

/// One entry of `indicators.own`: an indicator that a release defines itself.
struct OwnIndicatorDraft {
    var ratio: [SeriesSelector]?
    var rate: SeriesSelector?
    var increase: SeriesSelector?
    var gauge: SeriesSelector?
    var over = OwnIndicator.OverTime.last
    var across = OwnIndicator.AcrossInstances.sum
    var histogram: SeriesSelector?
    var quantile: Double?
    var unit: LatencyUnit?

    static var section: Section<OwnIndicatorDraft> {
        Section(
            owner: "an indicator", blank: OwnIndicatorDraft(),
            settings: [
                .optional(
                    "ratio", \.ratio, pair,
                    "what the first counter counted in the window by what the second one counted, over all targets. No value "
                        + "while the second counts nothing; a first counter that is not exposed yet has counted nothing"
                ),
                .optional(
                    "rate", \.rate, SelectorForm.selector,
                    "what a counter counted per second, as a sum over the targets"),
                .optional(
                    "increase", \.increase, SelectorForm.selector,
                    "what a counter counted in the window, as a sum over the targets"),
                .optional("gauge", \.gauge, SelectorForm.selector, "present values"),
                Setting.value(
                    "over", \.over, .choice(OwnIndicator.OverTime.self),
                    "what the values of the cycles in the window are made into"
                ).written { $0.gauge != nil },
                Setting.value(
                    "across", \.across, .choice(OwnIndicator.AcrossInstances.self),
                    "what the series of all targets are made into in a cycle, first"
                ).written { $0.gauge != nil },
                .optional(
                    "histogram", \.histogram, SelectorForm.selector,
                    "a classic histogram, without `_bucket`, `_sum` or `_count`"),
                .optional(
                    "quantile", \.quantile, fraction,
                    "estimated as [percentiles of the latency](rules.md#percentiles-and-the-quality-of-histograms) are; "
                        + "required with `histogram`"),
                .optional(
                    "unit", \.unit, .choice(LatencyUnit.self), shownDefault: "from the metric's name",
                    "the bounds of the histogram are times in this unit. Without it, and without a unit in the metric's "
                        + "name, they are plain numbers"),
            ], exactlyOne: [["ratio", "rate", "increase", "gauge", "histogram"]], finish: { $0.isComplete($1) })
    }

    /// Fields that belong to another form are refused, and the histogram needs its quantile.
    private func isComplete(_ fields: Fields) -> Bool {
        for (name, form) in [("over", "gauge"), ("across", "gauge"), ("quantile", "histogram"), ("unit", "histogram")]
        where fields.has(name) && !fields.has(form) {
            fields[name]?.log.error(
                fields.namePlace(name), "'\(name)' belongs to '\(form)', which \(fields.owner) does not have; remove it"
            )
        }
        if let histogram, let field = fields["histogram"] { LatencyUnitReader.doubtSuffix(histogram.metric, field) }
        return histogram == nil || fields.required("quantile") != nil && quantile != nil
    }

    private static var pair: ValueForm<[SeriesSelector]> {
        let selector = SelectorForm.selector
        return ValueForm(
            summary: "list of two counters", schema: .array(of: selector.schema(), least: 2),
            read: { field in
                guard let entries = field.entries(of: "two counters") else { return nil }
                guard entries.count == 2 else {
                    field.fail(
                        "'ratio' is a list of two counters, as in [retries_total, http_requests_total]; it has "
                            + "\(entries.count)")
                    return nil
                }
                let read = entries.compactMap(selector.read)
                return read.count == 2 ? read : nil
            },
            write: { .list($0.map(selector.write)) })
    }

    private static var fraction: ValueForm<Double> {
        ValueForm.number.described("above 0, below 1").checked { number, field in
            if number > 0, number < 1 { return number }
            field.fail("\(field.label) must be a number between 0 and 1, such as 0.95, got \(field.value.shown)")
            return nil
        }
    }
}

extension OwnIndicatorDraft {
    /// The definition of an indicator, for writing it.
    init(_ indicator: OwnIndicator, _ signals: [Signal]) {
        switch indicator.formula {
        case .ratio(let numerator, let denominator):
            ratio = [signals[numerator].selector, signals[denominator].selector]
        case .rate(let counter): rate = signals[counter].selector
        case .increase(let counter): increase = signals[counter].selector
        case .gauge(let place, let over, let across):
            (gauge, self.over, self.across) = (signals[place].selector, over, across)
        case .quantile(let place, let quantile):
            (histogram, self.quantile, unit) = (signals[place].selector, quantile, signals[place].unit)
        }
    }

    /// - Parameter place: the index of a signal, which is added where it is not there yet.
    func formula(_ place: (Signal) -> Int) -> (OwnIndicator.Formula, Indicator.Measure)? {
        func counter(_ selector: SeriesSelector) -> Int { place(Signal(kind: .counter, selector: selector)) }
        if let ratio, ratio.count == 2 {
            return (.ratio(numerator: counter(ratio[0]), denominator: counter(ratio[1])), .share)
        }
        if let rate { return (.rate(counter: counter(rate)), .perSecond) }
        if let increase { return (.increase(counter: counter(increase)), .number) }
        if let gauge {
            return (.gauge(place(Signal(kind: .gauge, selector: gauge)), over: over, across: across), .number)
        }
        guard let histogram, let quantile else { return nil }
        let unit = unit ?? LatencyUnit(nameOf: histogram.metric)
        let index = place(Signal(kind: .histogram, selector: histogram, unit: unit))
        return (.quantile(histogram: index, quantile), unit == nil ? .number : .seconds)
    }
}

/// `indicators.own`.
enum OwnIndicatorReader {
    /// Each costs columns in every window of every release.
    static let limit = 50

    /// Reads the definitions; their signals are added to the watch list.
    static func read(_ field: Field, into draft: inout IndicatorsReader.Draft) {
        guard let pairs = field.pairs() else { return }
        guard pairs.count <= limit else { return field.fail("'own' has more than \(limit) indicators") }
        if pairs.isEmpty { field.fail("'own' is empty; remove it, or define an indicator in it") }
        for (name, place, value) in pairs where isName(name, place, value) {
            guard let read = OwnIndicatorDraft.section.read(value, owner: "indicator '\(name)'"),
                let (formula, measure) = read.formula({ draft.place(of: $0) })
            else { continue }
            draft.own.append(OwnIndicator(name: name, formula: formula, measure: measure))
        }
    }

    private static func isName(_ name: String, _ place: Place, _ field: Field) -> Bool {
        if Indicator(name: name) != nil || name == "latency" {
            field.log.error(place, "'\(name)' is a built-in indicator; choose another name")
            return false
        }
        guard NameRules.isVariable(name), name.utf8.count <= 100 else {
            field.log.error(
                place,
                "\(Quote.value(name)) is not a valid name of an indicator; use up to 100 letters, digits and '_', not "
                    + "beginning with a digit")
            return false
        }
        return true
    }
}

extension IndicatorsReader.Draft {
    /// The index of the signal in the watch list.
    fileprivate mutating func place(of signal: Signal) -> Int {
        if let known = list.signals.firstIndex(of: signal) { return known }
        list.signals.append(signal)
        return list.signals.count - 1
    }
}

/// A series selector as the value of a field.
enum SelectorForm {
    /// Counters of one sum.
    private static let sumLimit = 10

    /// One selector, or a list of selectors whose counts are added up.
    static var sum: ValueForm<[SeriesSelector]> {
        ValueForm(
            summary: "selector, or list of selectors",
            schema: .anyOf([selector.schema(), .array(of: selector.schema(), least: 1)]),
            read: { field in
                guard case .list = field.value.content else { return selector.read(field).map { [$0] } }
                guard let entries = field.entries(of: "selectors") else { return nil }
                guard (1...sumLimit).contains(entries.count) else {
                    field.fail("\(field.label) must have 1 to \(sumLimit) selectors, it has \(entries.count)")
                    return nil
                }
                let read = entries.compactMap(selector.read)
                for (index, one) in read.enumerated() where read[..<index].contains(one) {
                    entries[min(index, entries.count - 1)].fail("\(Quote.value("\(one)")) is in the list already")
                }
                return read.count == entries.count ? read : nil
            },
            write: { $0.count == 1 ? selector.write($0[0]) : .list($0.map(selector.write)) })
    }

    static var selector: ValueForm<SeriesSelector> {
        ValueForm(
            summary: "selector", schema: .typed("string"),
            read: { field in
                guard let text = field.text(), let places = TextPlaces(field.value) else { return nil }
                do throws(SelectorError) {
                    return try SeriesSelector(parsing: text)
                } catch {
                    field.log.error(
                        places.place(utf8Offset: error.offset),
                        "\(field.label) is not a valid selector: \(error.reason)")
                    return nil
                }
            },
            write: { .text("\($0)") })
    }
}
