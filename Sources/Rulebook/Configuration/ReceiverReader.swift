import ReleaseKernel

/// Reads the receivers.
struct ReceiverReader {
    let folder: ConfigurationFolder

    private static let names =
        [
            "name", "kind", "url", "url_file", "url_env", "secret_file", "secret_env", "timeout", "headers", "retry",
            "give_up_after",
            "send_resolved", "resend",
        ] + Fields.securityNames

    func receivers(_ field: Field) -> [ReceiverPlan] {
        var names = UniqueNames(what: "receiver")
        return field.entries(of: "receivers")?.compactMap { receiver($0, names: &names) } ?? []
    }

    private func receiver(_ field: Field, names: inout UniqueNames) -> ReceiverPlan? {
        guard let fields = field.fields(of: "a receiver", ReceiverReader.names) else { return nil }
        let name = names.take(fields.required("name"))
        let kind = fields.required("kind")?.choice(ReceiverPlan.Kind.self)
        let address = address(fields)
        var plan = ReceiverPlan(name: name ?? "", kind: kind ?? .webhook, url: address?.url ?? "")
        plan.urlSecret = address?.secret
        plan.secret = fields.secret("secret", folder)
        plan.security = fields.security(folder)
        plan.headers = fields.headers()
        plan.timeoutMs = fields["timeout"]?.durationMs() ?? plan.timeoutMs
        plan.giveUpAfterMs = fields["give_up_after"]?.durationMs() ?? plan.giveUpAfterMs
        plan.sendsResolved = fields["send_resolved"]?.bool() ?? plan.sendsResolved
        let retry = RetryReader.retry(fields, minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
        (plan.retryMinMs, plan.retryMaxMs) = retry
        if let resend = fields["resend"] { readResend(resend, into: &plan) }
        return name == nil || kind == nil || address == nil ? nil : plan
    }

    /// `url`, or where it is kept: of a chat's webhook the address is the credential.
    private func address(_ fields: Fields) -> (url: String, secret: SecretReference?)? {
        switch fields.requiredOne(of: ["url", "url_file", "url_env"]) {
        case "url": return fields["url"]?.url().map { ($0.text, nil) }
        case nil: return nil
        default: return fields.secret("url", folder).map { ("", $0) }
        }
    }

    private func readResend(_ field: Field, into plan: inout ReceiverPlan) {
        guard plan.kind == .alertmanager else {
            return field.fail("'resend' is for the kind alertmanager: the other kinds are told of changes alone")
        }
        guard let resendMs = field.durationMs() else { return }
        guard (1_000...600_000).contains(resendMs) else { return field.fail("'resend' must be from 1s to 10m") }
        plan.resendMs = resendMs
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
