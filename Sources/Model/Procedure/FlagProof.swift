public import Telemetry

/// A counter of evaluations with the variant that is left: when it is still, no application takes that variant any more.
public struct FlagMetric: Sendable, Equatable, Codable {
    public var selector: SeriesSelector
    /// Whose targets are read; empty where ``urls`` says it.
    public var pools: [Pool]
    /// Expositions that are read in the place of the pools' targets.
    public var urls: [String]
    /// So many readings in a row have to show what the one before them showed.
    public var stillFor: Int
    /// From one reading to the next.
    public var everyMs: Int64

    public init(
        selector: SeriesSelector = SeriesSelector(metric: ""), pools: [Pool] = [.baseline, .canary],
        urls: [String] = [],
        stillFor: Int = 2, everyMs: Int64 = 2_000
    ) {
        self.selector = selector
        self.pools = pools
        self.urls = urls
        self.stillFor = stillFor
        self.everyMs = everyMs
    }

    /// What the readings take at least.
    public var durationMs: Int64 { Int64(stillFor) * everyMs }
}

/// How a flag in a database is written and read: with `psql`, in which `{flag}` and `{variant}` are replaced by literals.
public struct FlagStatements: Sendable, Equatable, Codable {
    /// The absolute path of `psql`.
    public var program: String
    /// Lines `NAME=value` for its environment: `PGHOST`, `PGPASSWORD`.
    public var environmentFile: String?
    public var write: String
    /// Its output is the variant.
    public var read: String

    public init(
        program: String = "/usr/bin/psql", environmentFile: String? = nil, write: String = "", read: String = ""
    ) {
        self.program = program
        self.environmentFile = environmentFile
        self.write = write
        self.read = read
    }
}

/// What a step's receipt says of the value before the change, so that it can be written back.
///
///     the flag is off; before: on
public enum StepReceipt {
    private static let mark = "; before: "
    /// Longer values are not kept.
    private static let limit = 100

    /// - Parameter before: the whole state before, as far as one value has it; nil where there is none or it is not known.
    public static func text(_ text: String, before: String?) -> String {
        guard let before, !before.isEmpty, before.utf8.count <= limit, !before.contains(mark),
            !before.contains(where: \.isNewline)
        else { return text }
        return text + mark + before
    }

    /// The value before the change; nil where the receipt has none.
    public static func before(in receipt: String) -> String? {
        guard let place = receipt.ranges(of: mark).last else { return nil }
        return String(receipt[place.upperBound...])
    }
}
