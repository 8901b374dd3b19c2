import Declarations
import Model
import Ports

/// An endpoint that lists targets, as Prometheus' `http_sd_configs` has it.
struct HTTPSourcePlan: SourceSettings {
    static let kind = "http"

    var url = ""
    var refreshMs: Int64 = 60_000
    var timeoutMs: Int64 = 10_000
    var headers: [TextPair] = []
    var security = ClientSecurity()
}

enum HTTPSourceKind: RunningSourceKind {
    typealias Plan = HTTPSourcePlan

    static func section(_ folder: ConfigurationFolder) -> Section<HTTPSourcePlan> {
        Section(
            owner: "an http source", blank: HTTPSourcePlan(),
            settings: [
                .required("url", \.url, .url(), "answers `GET` with a JSON list of targets"),
                .value(
                    "refresh", \.refreshMs, .duration(1_000...86_400_000),
                    "how often it is read; after a failure again after 1, 2, 4 … seconds, up to this"),
                .value("timeout", \.timeoutMs, .duration(100...300_000), "limit of one call"),
                .headers(
                    "headers", \.headers, "sent with each call; one that carries a credential is refused, use `auth`"),
            ] + Setting.security(\.security, folder))
    }

    static func source(_ plan: HTTPSourcePlan, _ setup: SourceSetup) -> any TargetSource {
        HTTPSource(plan: plan, transport: setup.transport, clock: setup.clock)
    }
}
