import ReleaseKernel

/// Reads the receivers.
struct ReceiverReader {
    let folder: ConfigurationFolder

    private static let names =
        [
            "name", "kind", "url", "secret_file", "secret_env", "timeout", "headers", "retry", "give_up_after",
            "send_resolved",
        ] + Fields.securityNames

    func receivers(_ field: Field) -> [ReceiverPlan] {
        var names = UniqueNames(what: "receiver")
        return field.entries(of: "receivers")?.compactMap { receiver($0, names: &names) } ?? []
    }

    private func receiver(_ field: Field, names: inout UniqueNames) -> ReceiverPlan? {
        guard let fields = field.fields(of: "a receiver", ReceiverReader.names) else { return nil }
        let name = names.take(fields.required("name"))
        let kind = fields.required("kind")?.choice(ReceiverPlan.Kind.self)
        let url = fields.required("url")?.url()?.text
        var plan = ReceiverPlan(name: name ?? "", kind: kind ?? .webhook, url: url ?? "")
        plan.secret = fields.secret("secret", folder)
        plan.security = fields.security(folder)
        plan.headers = fields.headers()
        plan.timeoutMs = fields["timeout"]?.durationMs() ?? plan.timeoutMs
        plan.giveUpAfterMs = fields["give_up_after"]?.durationMs() ?? plan.giveUpAfterMs
        plan.sendsResolved = fields["send_resolved"]?.bool() ?? plan.sendsResolved
        let retry = RetryReader.retry(fields, minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
        (plan.retryMinMs, plan.retryMaxMs) = retry
        return name == nil || kind == nil || url == nil ? nil : plan
    }
}

/// Reads `retry: {min: 200ms, max: 5s}`. A bound that is left out keeps out of the other's way.
enum RetryReader {
    static func retry(_ parent: Fields, minMs: Int64, maxMs: Int64) -> (minMs: Int64, maxMs: Int64) {
        guard let fields = parent["retry"]?.fields(of: "'retry'", ["min", "max"]) else { return (minMs, maxMs) }
        let low = fields["min"]?.durationMs()
        let high = fields["max"]?.durationMs()
        guard let low, let high else { return (low ?? min(minMs, high ?? minMs), high ?? max(maxMs, low ?? maxMs)) }
        if low > high { fields["min"]?.fail("'min' must not be longer than 'max'") }
        return (low, high)
    }
}
