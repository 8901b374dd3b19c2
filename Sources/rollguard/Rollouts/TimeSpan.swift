import ArgumentParser
import Declarations

/// A duration on the command line, written as in configurations: `90s`, `1h30m`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    let ms: Int64

    init(ms: Int64) { self.ms = ms }

    init?(argument: String) {
        do throws(AmountError) { ms = try Amounts.durationMs(argument) } catch { return nil }
    }

    var defaultValueDescription: String { text }

    var text: String { Amounts.text(durationMs: ms) }
}
