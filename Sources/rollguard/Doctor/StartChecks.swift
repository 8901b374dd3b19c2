import Logging
import Model

/// The checks of `rollguard doctor` that the daemon does not make by itself, logged when it starts. Its first cycle scrapes
/// every target and reads every router, and reports what it cannot. Nothing here keeps it from starting: what is missing
/// now may be there when it is needed.
enum StartChecks {
    static func log(_ plan: Plan, _ logger: Logger) {
        let findings = HostCheckup(plan: plan).findings() + plan.receivers.flatMap(ReceiverCheckup.findings)
        for finding in findings {
            switch finding.level {
            case .ok: logger.debug("check \(finding.subject): \(finding.text)")
            case .warning: logger.warning("check \(finding.subject): \(finding.text)")
            case .error: logger.error("check \(finding.subject): \(finding.text)")
            }
        }
    }
}
