import Declarations
import Model
import Telemetry

/// `scrape`: how metrics are fetched.
struct ScrapeReader {
    /// `scheme` and `path` are not part of the plan: they complete the targets' addresses.
    struct Scrape {
        var plan = ScrapePlan()
        var scheme = "http"
        var path = "/metrics"
    }

    let folder: ConfigurationFolder

    var section: Section<Scrape> {
        Section(
            owner: "'scrape'", blank: Scrape(),
            settings: times + addresses + limits + contents + Setting.security(\.plan.security, folder),
            finish: { scrape, fields in
                checkTimes(fields, &scrape.plan)
                return true
            })
    }

    private var times: [Setting<Scrape>] {
        [
            .value(
                "interval", \.plan.intervalMs, .duration(100...86_400_000),
                "time between two scrapes; rules are evaluated as often"),
            .value(
                "timeout", \.plan.timeoutMs, .duration(), shownDefault: "`2s`, at most the interval",
                "limit of one scrape, at most the interval. A target that does not answer is given up a twentieth of "
                    + "the interval before the next cycle begins, so that it takes no cycle from the others"),
            .optional(
                "late_after", \.plan.lateAfterMs, .duration(), shownDefault: "wait for all",
                "evaluate a cycle this long after all targets were asked and both pools have answered, without the "
                    + "targets that have not answered by then; what they answer later counts in the next cycle. One "
                    + "instance that does not answer does not delay a decision"),
        ]
    }

    private var addresses: [Setting<Scrape>] {
        [
            Setting.value(
                "scheme", \.scheme, .choice(["http", "https"]), "completes targets that are written as `host:port`"
            ).written { _ in false },
            Setting.value(
                "path", \.path,
                ValueForm.line("path of a URL").checked { path, field in
                    if path.hasPrefix("/") { return path }
                    field.fail("'path' must begin with '/'")
                    return nil
                }, "completes targets that are written as `host:port`"
            ).written { _ in false },
        ]
    }

    private var limits: [Setting<Scrape>] {
        let count = ValueForm.integer(0...1_000_000_000)
        return [
            .value(
                "body_limit", \.plan.bodyLimitBytes, .size(1...(512 << 20)),
                "largest scrape body, decompressed. `512MiB` is also what all bodies that are being received may take "
                    + "together"),
            .value(
                "sample_limit", \.plan.limits.samples, count, "samples in a body; 0 means no limit, here and below"),
            .value("label_limit", \.plan.limits.labels, count, "labels of a series"),
            .value("label_name_limit", \.plan.limits.labelNameBytes, count, "bytes of a label's name"),
            .value("label_value_limit", \.plan.limits.labelValueBytes, count, "bytes of a label's value"),
            .value("series_limit", \.plan.limits.watchedSeries, count, "watched series per target"),
        ]
    }

    private var contents: [Setting<Scrape>] {
        [
            .optional(
                "fallback_format", \.plan.fallbackFormat, .choice(ExpositionFormat.self),
                "the format of bodies without a usable Content-Type; without it such a body is an error"),
            .optional(
                "max_age", \.plan.oldestSampleMs, .duration(1_000...3_600_000),
                shownDefault: "timestamps only say whether a body is new",
                "for bodies that are put together from samples of several times (`/federate`): watched samples without a "
                    + "timestamp are an error, and older ones are left out, by this machine's clock"),
            .value(
                "compression", \.plan.compression, .choice(ScrapePlan.Compression.self),
                "`true` accepts compressed bodies, `false` asks for plain ones, `auto` asks for plain ones from "
                    + "loopback, private and link-local addresses and unix sockets, where compressing costs both sides "
                    + "more than it saves; a name other than `localhost` counts as remote. A body that arrives "
                    + "compressed all the same is decoded"),
            .value(
                "follow_redirects", \.plan.redirects, .choice(ScrapePlan.Redirects.self),
                "`same_host` follows redirects to the target's own host and port, and from `http` on port 80 to "
                    + "`https` on port 443; any other is an error that names where it leads. `any` follows all of "
                    + "them, `none` takes a redirect as the answer. Credentials never go to another host or port"),
        ]
    }

    private func checkTimes(_ fields: Fields, _ plan: inout ScrapePlan) {
        let timeoutMs = fields["timeout"]?.durationMs()
        if timeoutMs == nil { plan.timeoutMs = min(plan.timeoutMs, plan.intervalMs) }
        checkLateAfter(fields["late_after"], plan)
        guard let timeoutMs, timeoutMs > plan.intervalMs else { return }
        fields["timeout"]?.fail(
            "'timeout' (\(Amounts.text(durationMs: timeoutMs))) must not be longer than 'interval' "
                + "(\(Amounts.text(durationMs: plan.intervalMs))): a target is scraped once at a time")
    }

    private func checkLateAfter(_ field: Field?, _ plan: ScrapePlan) {
        guard let lateAfterMs = plan.lateAfterMs, lateAfterMs >= plan.timeoutMs else { return }
        field?.fail(
            "'late_after' (\(Amounts.text(durationMs: lateAfterMs))) must be shorter than 'timeout' "
                + "(\(Amounts.text(durationMs: plan.timeoutMs))), after which no target is waited for")
    }
}
