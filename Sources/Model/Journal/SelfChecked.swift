package import Statistics

/// A rule that is tried on two halves of the baseline: the same version against itself, so whatever it finds is a false alarm.
package struct SelfChecked: Sendable, Equatable, Codable {
    package let settings: RegressionSettings
    package var check: SelfCheck

    package init(settings: RegressionSettings, check: SelfCheck) {
        self.settings = settings
        self.check = check
    }

    package var record: RegressionRecord.SelfCheckRecord {
        RegressionRecord.SelfCheckRecord(runs: check.checks, falseAlarms: check.falseAlarms)
    }

    package var condensed: SelfChecked { SelfChecked(settings: settings, check: check.condensed) }
}

extension RegressionSettings {
    package init(_ plan: RegressionPlan) {
        let scope: Scope =
            switch plan.scope {
            case .errors: .errors
            case .latency: .slow
            case .percentile(let quantile): .latency(quantile: quantile)
            case .release: .release
            case .own(let own): own.quantile.map { .latency(quantile: $0.quantile) } ?? .errors
            }
        self.init(
            scope: scope, tolerance: plan.tolerance, falseAlarm: plan.falseAlarm, floor: plan.floor,
            safeRatio: plan.safe.ratio, safeFalseAlarm: plan.safe.falseSafe)
    }
}
