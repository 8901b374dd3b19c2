package import Model
import Support

/// A kind of configuration centre, as configurations have it: its name and its fields.
package protocol CentreKind: SendableMetatype {
    /// What its reader has to know.
    associatedtype Plan: CentreSettings

    /// The fields beside `kind`, `startup_wait`, `secrets_dir` and `insecure`.
    static func section(_ folder: ConfigurationFolder) -> Section<Plan>
}

extension CentreKind {
    /// The value of `kind`.
    package static var name: String { Plan.kind }

    package static func read(_ field: Field, _ folder: ConfigurationFolder) -> CentrePlan? {
        wholeSection(folder).read(field).map { CentrePlan($0) }
    }

    /// Nil for a plan of another kind.
    package static func tree(_ plan: CentrePlan) -> YAMLTree? {
        (plan.settings as? Plan).map { wholeSection(ConfigurationFolder(of: "")).tree($0) }
    }

    package static var schema: SchemaNode { wholeSection(ConfigurationFolder(of: "")).schema }

    /// The rows of the fields beside `kind`.
    package static var rows: [SettingRow] { commonSection(ConfigurationFolder(of: "")).rows }

    private static func wholeSection(_ folder: ConfigurationFolder) -> Section<Plan> {
        var section = commonSection(folder)
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of centre",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        return section
    }

    private static func commonSection(_ folder: ConfigurationFolder) -> Section<Plan> {
        var section = section(folder)
        let (standard, finish) = (section.blank.secretsDirectory, section.finish)
        section.finish = { plan, fields in
            if !fields.has("secrets_dir") { plan.secretsDirectory = folder.path(standard) }
            return PlainHTTP.isMeant(plan, fields) && finish(&plan, fields)
        }
        section.settings += [
            .value(
                "startup_wait", \.startupWaitMs, .duration(0...600_000),
                "how long a start waits for the centre before it continues with the last good state on the disk"),
            .value(
                "secrets_dir", \.secretsDirectory, .path(folder),
                "the folder of this host that every `…_file` in the centre has to be in"),
            .value(
                "insecure", \.isInsecure, .bool,
                "plain HTTP to a centre on another host; without it that is refused, because whoever can change what comes from "
                    + "there decides which routers are called"),
        ]
        return section
    }
}

/// A centre decides which routers are called, so what comes from it must not be changed on its way.
package enum PlainHTTP {
    fileprivate static func isMeant(_ plan: any CentreSettings, _ fields: Fields) -> Bool {
        guard !plan.isInsecure, let server = plan.servers.first(where: isExposed) else { return true }
        let place = ["endpoints", "address", "meta"].lazy.compactMap { fields[$0] }.first ?? fields["kind"]
        place?.fail(
            "\(Quote.value(server)) is plain HTTP to another host, and a centre decides which routers are called: use "
                + "https, or write 'insecure: true' where the network is trusted")
        return false
    }

    /// Whether what a server answers can be changed on its way: plain HTTP to another host.
    package static func isExposed(_ server: String) -> Bool {
        server.lowercased().hasPrefix("http://") && EndpointIdentity(url: server).host != "localhost"
    }
}
