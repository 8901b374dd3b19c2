import Declarations
import Model

/// The fields of a step that sets a feature flag.
struct FlagSettings {
    let folder: ConfigurationFolder

    var settings: [Setting<FlagWork>] {
        [
            .required(
                "provider", \.provider, .choice(FlagWork.Provider.self),
                "where the flag is: a file of flagd, or a service by its API"),
            .required("flag", \.flag, .line(limit: 200), "the flag's key"),
            .value(
                "variant", \.variant, .line(limit: 200),
                "what the baseline does: of flagd's file a variant, of the services `off` or `on`"),
            .optional("file", \.file, .wholePath(folder), "of `flagd_file`: its path"),
            .optional("url", \.url, .baseURL, "of the services: where their API is"),
            .optional("project", \.project, .line(limit: 200), "of `unleash` and `launchdarkly`"),
            .optional("environment", \.environment, .line(limit: 200), "of the services"),
            .optional(
                "evaluations", \FlagWork.asked,
                ValueForm<[String]>(
                    summary: "list of URLs", schema: .array(of: .url, least: 1),
                    read: { $0.instances() }, write: { .list($0.map { .text($0) }) }),
                "where applications ask for the flag (OFREP), each of which has to answer the variant; without it the "
                    + "provider is read back"),
        ] + Setting.security(\.security, folder)
    }

    /// - Returns: false after reporting what is missing.
    static func check(_ work: FlagWork, _ fields: Fields) -> Bool {
        func need(_ name: String, _ isThere: Bool) -> Bool {
            if !isThere { fields.fail("a flag of '\(work.provider.rawValue)' needs '\(name)'") }
            return isThere
        }
        switch work.provider {
        case .flagdFile: return need("file", work.file != nil)
        case .unleash, .launchdarkly:
            return need("url", work.url != nil) && need("project", work.project != nil)
                && need("environment", work.environment != nil) && isSwitch(work, fields)
        case .growthbook:
            return need("url", work.url != nil) && need("environment", work.environment != nil)
                && isSwitch(work, fields)
        }
    }

    private static func isSwitch(_ work: FlagWork, _ fields: Fields) -> Bool {
        if work.variant == "on" || work.variant == "off" { return true }
        fields["variant"]?.fail("'variant' of \(work.provider.rawValue) must be 'off' or 'on'")
        return false
    }
}

extension FlagWork {
    fileprivate var asked: [String]? {
        get { evaluations.isEmpty ? nil : evaluations }
        set { evaluations = newValue ?? [] }
    }
}
