import Model
import Telemetry

/// The samples of the sources of targets, and of the configuration centre.
extension MetricSamples {
    mutating func add(_ reports: [DiscoveryReport]) {
        for report in reports {
            for source in report.sources {
                let labels = [report.release, source.name]
                add(.discoveryTargets, labels, Double(source.targets))
                add(.discoverySuccessTime, labels, source.lastSuccessWallMs.map { Double($0) / 1_000 })
                add(.discoveryStale, labels, source.isStale ? 1 : 0)
                add(.discoveryHeld, labels, source.held == nil ? 0 : 1)
                add(.discoveryAnswers, labels + ["success"], Double(source.successes))
                add(.discoveryAnswers, labels + ["failure"], Double(source.failures))
            }
            add(.discoveryDropped, [report.release], Double(report.droppedCount))
        }
    }

    mutating func add(_ centre: CentreReport) {
        add(.centreReadTime, [centre.label], centre.lastReadWallMs.map { Double($0) / 1_000 })
        add(.centreInForce, [centre.label], centre.isInForce ? 1 : 0)
        add(.centreBrake, [centre.label, "pinned"], centre.brake.pin == nil ? 0 : 1)
        add(.centreBrake, [centre.label, "detached"], centre.brake.detachment == nil ? 0 : 1)
        add(.centreManifestRevision, [centre.label], centre.manifestRevision.map(Double.init))
    }
}
