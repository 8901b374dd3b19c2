import ReleaseKernel
import Telemetry

/// Reads how pages are fetched.
struct ScrapeReader {
    /// `scheme` and `path` are not part of the plan: they complete the targets' addresses.
    struct Scrape {
        var plan = ScrapePlan()
        var scheme = "http"
        var path = "/metrics"
    }

    let folder: ConfigurationFolder

    private static let names =
        [
            "interval", "timeout", "late_after", "path", "scheme", "body_limit", "sample_limit", "label_limit",
            "label_name_limit",
            "label_value_limit", "series_limit", "fallback_format", "compression", "follow_redirects",
        ] + Fields.securityNames

    func scrape(_ field: Field?) -> Scrape {
        var scrape = Scrape()
        guard let fields = field?.fields(of: "'scrape'", ScrapeReader.names) else { return scrape }
        readTimes(fields, into: &scrape.plan)
        readLimits(fields, into: &scrape.plan)
        scrape.plan.fallbackFormat = fields["fallback_format"]?.choice(ExpositionFormat.self)
        scrape.plan.compression = fields["compression"]?.choice(ScrapePlan.Compression.self) ?? .always
        scrape.plan.redirects = fields["follow_redirects"]?.choice(ScrapePlan.Redirects.self) ?? .sameHost
        scrape.plan.security = fields.security(folder)
        scrape.scheme = fields["scheme"]?.choice(["http", "https"]) ?? scrape.scheme
        if let field = fields["path"], let path = field.line() {
            if path.hasPrefix("/") { scrape.path = path } else { field.fail("'path' must begin with '/'") }
        }
        return scrape
    }

    private func readTimes(_ fields: Fields, into plan: inout ScrapePlan) {
        plan.intervalMs = fields["interval"]?.durationMs(100...86_400_000) ?? plan.intervalMs
        let timeoutMs = fields["timeout"]?.durationMs()
        plan.timeoutMs = timeoutMs ?? min(plan.timeoutMs, plan.intervalMs)
        readLateAfter(fields["late_after"], into: &plan)
        guard let timeoutMs, timeoutMs > plan.intervalMs else { return }
        fields["timeout"]?.fail(
            "'timeout' (\(Amounts.text(durationMs: timeoutMs))) must not be longer than 'interval' "
                + "(\(Amounts.text(durationMs: plan.intervalMs))): a target is scraped once at a time")
    }

    private func readLateAfter(_ field: Field?, into plan: inout ScrapePlan) {
        plan.lateAfterMs = field?.durationMs()
        guard let lateAfterMs = plan.lateAfterMs, lateAfterMs >= plan.timeoutMs else { return }
        field?.fail(
            "'late_after' (\(Amounts.text(durationMs: lateAfterMs))) must be shorter than 'timeout' "
                + "(\(Amounts.text(durationMs: plan.timeoutMs))), after which nobody is waited for anyway")
    }

    private func readLimits(_ fields: Fields, into plan: inout ScrapePlan) {
        let range = 0...1_000_000_000
        plan.bodyLimitBytes = fields["body_limit"]?.sizeBytes(1...(512 << 20)) ?? plan.bodyLimitBytes
        plan.limits.samples = fields["sample_limit"]?.integer(range) ?? plan.limits.samples
        plan.limits.labels = fields["label_limit"]?.integer(range) ?? plan.limits.labels
        plan.limits.labelNameBytes = fields["label_name_limit"]?.integer(range) ?? plan.limits.labelNameBytes
        plan.limits.labelValueBytes = fields["label_value_limit"]?.integer(range) ?? plan.limits.labelValueBytes
        plan.limits.watchedSeries = fields["series_limit"]?.integer(range) ?? plan.limits.watchedSeries
    }
}
