import Testing

/// A real router and how Rollguard is configured for it: all that is particular to one kind. Everything else, from the
/// version servers to the table, is the same for all.
///
/// Texts hold fixed ports, as a tutorial's reader would type them; the harness puts free ones in their place, so that
/// many can run at once. 8081 is always the baseline's server, 8082 the canary's, 9411 the daemon's API.
struct LiveRouter: Sendable, CustomTestStringConvertible {
    /// As the table shows it: `haproxy`.
    var name: String
    /// `server weights`.
    var variant: String
    /// Executables that have to be there, found as in ``Programs``.
    var programs: [String]
    /// The shipped configuration, 90 to 10: file name to text.
    var files: [String: String]
    /// One command line per process, run by `/bin/sh` in the scene's folder, in this order.
    var start: [String]
    /// Where clients connect; one per instance. Each must answer before the run begins.
    var entries: [Int]
    /// Every other port in the texts.
    var ports: [Int] = []
    /// The whole rollguard.yaml, or only its `router:` block, which ``RollguardFile`` completes.
    var rollguard: String
    /// What a restart with the shipped files does to the split.
    var restart = Restart.comesBackWithTheCanary
    /// The router has no routes before it has fetched them from the daemon, so the daemon starts first.
    var fetchesFromTheDaemon = false
    /// Commands to be run, and what they must print, after the acknowledgement: a page's own read-back.
    var afterwards: [PageCommand] = []
    /// Lines that the daemon's log must hold, in this order, `…` for anything; from the page.
    var log: String?
    /// What the page should have and has not.
    var pageProblems: [String] = []

    enum Restart: Sendable {
        /// The router forgets; the drift watch has to take the canary out again.
        case comesBackWithTheCanary
        /// The split is kept somewhere else (a key-value store, the daemon itself).
        case keepsTheSplit
    }

    var fetching: LiveRouter {
        var router = self
        router.fetchesFromTheDaemon = true
        // The first count comes while the daemon watches already: it may see the traffic before the router's answer.
        router.log = router.log?.replacing("the router gives the canary 10%", with: "…")
        return router
    }

    var testDescription: String { "\(name), \(variant)" }

    /// Programs that are not here, for the row that says so.
    var missing: [String] { programs.filter { Programs.path($0) == nil } }
}

extension LiveRouter {
    /// A router as its tutorial page starts it.
    ///
    /// - Parameters:
    ///   - section: the suffix of the page's commands for this variant: `run=router-map` for `map`.
    ///   - files: the page's names of the shipped files.
    ///   - rollguard: the page's name of the rollguard.yaml.
    init(
        _ name: String, _ variant: String, page pageName: String, section: String? = nil, programs: [String],
        files: [String], rollguard: String = "rollguard.yaml", entries: [Int], ports: [Int]
    ) {
        self.init(
            name: name, variant: variant, programs: programs, files: [:], start: [], entries: entries, ports: ports,
            rollguard: "")
        let suffix = section.map { "-\($0)" } ?? ""
        do {
            let page = try TutorialPage(pageName)
            for file in files { self.files[file] = try page.file(file) }
            start = try page.commands("router" + suffix).map(\.command)
            self.rollguard = try page.file(rollguard)
            afterwards = try page.commands("read-back" + suffix)
            log = page.log
        } catch {
            pageProblems = ["docs/tutorials/\(pageName).md: \(error)"]
        }
    }
}

/// A command of a tutorial page, with what the page says that it prints.
struct PageCommand: Sendable {
    var command: String
    /// `…` matches anything within a line; nil when the page shows no output.
    var output: String?
}
