/// `schema` of a plan: which versions fit the schema that the database has, and how that is read.
///
/// Nothing in it changes a database.
public struct SchemaGate: Sendable, Equatable, Codable {
    /// What the output of ``command`` is; the raw value is the one in the configuration.
    public enum Tool: String, Sendable, Equatable, Codable, CaseIterable {
        /// One number, and whether it is dirty: `42|f`, `42 0`, `42 (dirty)`.
        case golangMigrate = "golang-migrate"
        /// A name per line, of everything that is applied.
        case dbmate, rails, alembic, django
        /// `version|success` per line.
        case flyway
        /// `version|applied|total|error` per line.
        case atlas
        /// `id|author|filename` per line, and `lock|locked|by|since`.
        case liquibase
        /// A name per line, of everything that is applied, by any other tool.
        case list

        /// It knows one number, and not a set of names.
        public var countsUp: Bool { self == .golangMigrate }
    }

    /// What a canary that has traffic without its schema leads to; the raw value is the one in the configuration.
    public enum OnBreach: String, Sendable, Equatable, Codable, CaseIterable {
        /// A notification.
        case page
        case rollback
    }

    /// What a schema that is not known means to the rollback that a rule asks for; the raw value is the one in the
    /// configuration.
    public enum WhenUnknown: String, Sendable, Equatable, Codable, CaseIterable {
        case ignore
        /// It waits for an operator.
        case hold
    }

    public var tool: Tool
    /// A program and its arguments, which prints what is applied.
    public var command: [String]
    /// A file of `NAME=value` lines for its environment, secrets among them.
    public var environmentFile: String?
    /// From one reading to the next.
    public var everyMs: Int64
    /// Of one reading.
    public var timeoutMs: Int64
    /// In the order in which they are written; no version twice.
    public var fits: [SchemaFit]
    /// A program that prints how many migrations are running.
    public var running: [String]?
    public var onBreach = OnBreach.page
    public var unknown = WhenUnknown.ignore

    public init(
        tool: Tool = .golangMigrate, command: [String] = [], environmentFile: String? = nil, everyMs: Int64 = 30_000,
        timeoutMs: Int64 = 5_000, fits: [SchemaFit] = []
    ) {
        self.tool = tool
        self.command = command
        self.environmentFile = environmentFile
        self.everyMs = everyMs
        self.timeoutMs = timeoutMs
        self.fits = fits
    }
}

/// What a version needs of the schema.
public struct SchemaFit: Sendable, Equatable, Codable {
    public var version: String
    /// The lowest and the highest number that it works with; nil for no bound.
    public var least: Int64?
    public var most: Int64?
    /// Migrations without which it does not work, and those with which it does not.
    public var requires: [String]
    public var forbids: [String]

    public init(
        version: String, least: Int64? = nil, most: Int64? = nil, requires: [String] = [], forbids: [String] = []
    ) {
        self.version = version
        self.least = least
        self.most = most
        self.requires = requires
        self.forbids = forbids
    }
}

/// What the database says that is applied.
public struct SchemaReading: Sendable, Equatable {
    /// Of a tool that counts up; nil when nothing is applied.
    public var number: Int64?
    /// Of the other tools, in the order of the output.
    public var applied: [String]
    /// A migration that was begun and has not ended well.
    public var dirty: String?
    /// A migration that is running: who has its lock, as far as is known.
    public var running: String?

    public init(number: Int64? = nil, applied: [String] = [], dirty: String? = nil, running: String? = nil) {
        self.running = running
        self.number = number
        self.applied = applied
        self.dirty = dirty
    }

    /// `version 42`, `3 migrations, the last 20260201`.
    public var text: String {
        if let number { return "version \(number)" }
        guard let last = applied.last else { return "nothing is applied" }
        return applied.count == 1 ? "1 migration, \(last)" : "\(applied.count) migrations, the last \(last)"
    }
}

/// What came of reading the schema.
public enum SchemaReport: Sendable, Equatable {
    case read(SchemaReading)
    case unreadable(String)
}

/// Whether a version fits the schema.
public enum SchemaAnswer: Sendable, Equatable {
    case fits
    /// What it needs is not applied yet.
    case absent(String)
    /// What it needs is gone, or was changed in a way that it does not know.
    case contracted(String)
    /// A migration has not ended well: what the schema is like is not known.
    case dirty(String)
    /// A migration is running: what it will be like is not known.
    case running(String)
    /// Nothing can be said.
    case unknown(String)

    public var name: String {
        switch self {
        case .fits: "fits"
        case .absent: "absent"
        case .contracted: "contracted"
        case .dirty: "dirty"
        case .running: "running"
        case .unknown: "unknown"
        }
    }

    /// Why it does not fit, as far as is known; nil when it fits.
    public var problem: String? {
        switch self {
        case .fits: nil
        case .absent(let text), .contracted(let text), .dirty(let text), .running(let text),
            .unknown(let text):
            text
        }
    }
}

extension SchemaGate {
    /// What a reading means to a version. Pure.
    public func answer(to report: SchemaReport, version: String) -> SchemaAnswer {
        guard case .read(let reading) = report else {
            guard case .unreadable(let reason) = report else { return .unknown("") }
            return .unknown("the schema cannot be read: \(reason)")
        }
        let answer = answer(to: reading, version: version)
        guard let running = reading.running else { return answer }
        // What is gone already does not come back with it.
        if case .contracted = answer { return answer }
        return .running("a migration is running: \(running)")
    }

    private func answer(to reading: SchemaReading, version: String) -> SchemaAnswer {
        if let dirty = reading.dirty { return .dirty("a migration has not ended well: \(dirty)") }
        guard let fit = fits.first(where: { $0.version == version }) else {
            return .unknown("'schema.fits' has no entry for \(version)")
        }
        return tool.countsUp ? fit.answer(to: reading.number) : fit.answer(to: reading.applied)
    }
}

extension SchemaFit {
    fileprivate func answer(to number: Int64?) -> SchemaAnswer {
        guard let number else {
            return least == nil ? .fits : .absent("nothing is applied, and \(version) needs \(least ?? 0)")
        }
        if let least, number < least { return .absent("the schema is at \(number), and \(version) needs \(least)") }
        if let most, number > most {
            return .contracted("the schema is at \(number), and \(version) works up to \(most)")
        }
        return .fits
    }

    fileprivate func answer(to applied: [String]) -> SchemaAnswer {
        if let gone = forbids.first(where: applied.contains) {
            return .contracted("\(gone) is applied, and \(version) does not work with it")
        }
        if let missing = requires.first(where: { !applied.contains($0) }) {
            return .absent("\(missing) is not applied, and \(version) needs it")
        }
        return .fits
    }
}
