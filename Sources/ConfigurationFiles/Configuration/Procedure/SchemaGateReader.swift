import Declarations
import Model

/// `schema` of a plan: which versions fit the schema of the database.
struct SchemaGateReader {
    /// Versions of one release.
    static let limit = 200

    let folder: ConfigurationFolder

    var section: Section<SchemaGate> {
        Section(
            owner: "'schema'", blank: SchemaGate(),
            settings: [
                .required(
                    "tool", \.tool, .choice(SchemaGate.Tool.self),
                    "whose table the command prints: `golang-migrate` a number and whether it is dirty, `flyway`, `atlas` and "
                        + "`liquibase` rows, the others a name per line"),
                .required(
                    "command", \.command, ProcedureStepReader.command,
                    "the absolute path of a program that prints what is applied, and its arguments; no shell reads them. It "
                        + "may only read"),
                .optional(
                    "env_file", \.environmentFile, .wholePath(folder),
                    "lines `NAME=value` for its environment, secrets among them; read before each run"),
                .value("every", \.everyMs, .duration(1_000...3_600_000), "from one reading to the next"),
                .value("timeout", \.timeoutMs, .duration(100...60_000), "of one reading"),
                fits,
                .optional(
                    "running", \.running, Self.running.form(),
                    "a program that prints how many migrations are running, such as the locks of the database; nothing begins "
                        + "meanwhile"),
                .value(
                    "on_breach", \.onBreach, .choice(SchemaGate.OnBreach.self),
                    "when a canary has traffic although its schema is absent: `page` an operator, or roll it back as well "
                        + "(`rollback`)"),
                .value(
                    "unknown", \.unknown, .choice(SchemaGate.WhenUnknown.self),
                    "when a rule asks for a rollback and the schema is not known: `ignore` rolls back, `hold` waits for an "
                        + "operator"),
            ],
            finish: check)
    }

    private var fits: Setting<SchemaGate> {
        .required(
            "fits", \.fits,
            ValueForm(
                summary: "mapping of versions", schema: .mapping(of: Self.fit.schema), read: versions,
                write: { fits in .mapping(fits.map { ($0.version, Self.fit.tree($0)) }) }),
            "what each version needs: of `golang-migrate` `{min: 41, max: 42}`, of the others "
                + "`{requires: [20260102], forbids: [20260201]}`. A version without an entry cannot begin")
    }

    private func versions(_ field: Field) -> [SchemaFit]? {
        guard let pairs = field.pairs() else { return nil }
        guard (1...SchemaGateReader.limit).contains(pairs.count) else {
            field.fail("'fits' must have 1 to \(SchemaGateReader.limit) versions")
            return nil
        }
        let fits = pairs.compactMap { name, _, value -> SchemaFit? in
            var fit = Self.fit.read(value)
            fit?.version = name
            return fit
        }
        return fits.count == pairs.count ? fits : nil
    }

    private static var running: Section<[String]> {
        Section(
            owner: "'running'", blank: [],
            settings: [
                .required(
                    "command", \.self, ProcedureStepReader.command,
                    "the program's absolute path, and its arguments; it gets the same `env_file` and the rest of `timeout`"
                )
            ])
    }

    private static var fit: Section<SchemaFit> {
        Section(
            owner: "a version of 'fits'", blank: SchemaFit(version: ""),
            settings: [
                .optional("min", \.lowest, .integer(0...Int.max), "the lowest number that it works with"),
                .optional("max", \.highest, .integer(0...Int.max), "the highest number that it works with"),
                .optional(
                    "requires", \.required, .lines(of: "migrations"), "migrations without which it does not work"),
                .optional("forbids", \.forbidden, .lines(of: "migrations"), "migrations with which it does not work"),
            ],
            finish: { fit, fields in
                if let least = fit.least, let most = fit.most, least > most {
                    fields.fail("'min' is above 'max'")
                    return false
                }
                return true
            })
    }

    /// A number has no names, and a set of names no order.
    private func check(_ gate: inout SchemaGate, _ fields: Fields) -> Bool {
        for fit in gate.fits {
            let (hasBounds, hasNames) = (fit.least != nil || fit.most != nil, !(fit.requires + fit.forbids).isEmpty)
            if gate.tool.countsUp ? hasNames : hasBounds {
                fields["fits"]?.fail(
                    "\(Quote.name(fit.version)): a schema of \(gate.tool.rawValue) is compared by "
                        + (gate.tool.countsUp ? "'min' and 'max'" : "'requires' and 'forbids'"))
                return false
            }
            guard hasBounds || hasNames else {
                fields["fits"]?.fail("\(Quote.name(fit.version)) has no requirement; write what it needs")
                return false
            }
        }
        return true
    }
}

extension SchemaFit {
    fileprivate var lowest: Int? {
        get { least.map { Int($0) } }
        set { least = newValue.map { Int64($0) } }
    }

    fileprivate var highest: Int? {
        get { most.map { Int($0) } }
        set { most = newValue.map { Int64($0) } }
    }

    fileprivate var required: [String]? {
        get { requires.isEmpty ? nil : requires }
        set { requires = newValue ?? [] }
    }

    fileprivate var forbidden: [String]? {
        get { forbids.isEmpty ? nil : forbids }
        set { forbids = newValue ?? [] }
    }
}
