/// How a service's exposition is made. What it counts stays true; the exposition shows it in a peculiar way, as
/// exporters do.
enum ExporterMood: String, CaseIterable {
    /// Shows what the service has counted until now.
    case plain
    /// Shows a scrape body that is renewed every few seconds only.
    case cachesBody
    /// Drops the error series while it does not rise, and shows it again when it has risen.
    case dropsQuietSeries
    /// The error series is another part of the scrape body. It is not there at first, and missing now and then.
    case comesInParts
    /// Two processes with counts and start times of their own answer in turn.
    case severalProcesses
    /// The start time is the exporter's, which starts with the run; the counts are the application's.
    case startsLate
    /// Adds workers up, of which one is missing now and then.
    case losesWorkers
    /// Shows no start time, and as `_created` the time of the scrape.
    case computesCreated

    /// Whether a scrape body may leave out what a later one brings.
    var showsLate: Bool { self != .plain && self != .startsLate && self != .computesCreated }
}

/// The peculiar exporter of one service.
struct VirtualExporter {
    /// What goes onto a scrape body.
    struct Counts {
        var served: Double
        var failed: Double
        var fast: Double
        var slow: Double
        var startedWallMs: Int64

        mutating func scale(by part: Double) {
            (served, failed, fast, slow) = (served * part, failed * part, fast * part, slow * part)
        }
    }

    private(set) var mood = ExporterMood.plain
    /// The exporter's own, so that what it does changes nothing else in the world.
    private var dice = Dice(seed: 0)
    private var cachedForMs: Int64 = 0
    private var cached: (body: [UInt8], atMs: Int64)?
    /// When a cached scrape body was rendered, the latest 16 times.
    private(set) var renewalsMs: [Int64] = []
    private var startedWallMs: Int64?
    private var bodies = 0
    private var lastErrors = -1
    private var quietScrapes = 0

    init() {}

    init(mood: ExporterMood, dice: Dice) {
        self.mood = mood
        self.dice = dice
        cachedForMs = self.dice.ms(3_000...9_000)
    }

    /// The scrape body that is shown instead of a new one.
    func cachedBody(atMs now: Int64) -> [UInt8]? {
        guard mood == .cachesBody, let cached, now - cached.atMs < cachedForMs else { return nil }
        return cached.body
    }

    mutating func show(_ body: [UInt8], atMs now: Int64) {
        guard mood == .cachesBody else { return }
        cached = (body, now)
        renewalsMs = renewalsMs.suffix(15) + [now]
    }

    /// What the next scrape body counts.
    mutating func counts(_ truth: Counts, wallMs: Int64) -> Counts {
        var shown = truth
        bodies += 1
        switch mood {
        case .severalProcesses where dice.chance(percent: 50):
            shown.scale(by: 0.5)
            shown.startedWallMs -= 40_000
        case .losesWorkers where dice.chance(percent: 5): shown.scale(by: 0.75)
        case .startsLate:
            // An application that was restarted does not restart its exporter.
            startedWallMs = startedWallMs ?? wallMs - 500
            shown.startedWallMs = startedWallMs ?? wallMs
        default: break
        }
        return shown
    }

    /// Whether the error series is in the scrape body.
    mutating func showsErrors(_ count: Int) -> Bool {
        switch mood {
        case .comesInParts: return bodies > 3 && !dice.chance(percent: 10)
        case .dropsQuietSeries:
            quietScrapes = count == lastErrors ? quietScrapes + 1 : 0
            lastErrors = count
            return bodies > 2 && quietScrapes < 2
        default: return true
        }
    }
}
