import Testing

/// Which room may know which: docs/ARCHITECTURE.md.
@Suite("Walls between the rooms")
struct WallTests {
    /// The pure rooms, each with all that it may import. SwiftPM checks that every import is declared in `Package.swift`
    /// (`--explicit-target-dependency-import-check`), but not which modules of the system a room uses.
    static let pure: [String: Set<String>] = [
        "Support": [],
        "Telemetry": [],
        "Templates": ["Telemetry", "Foundation"],
        "Statistics": ["Glibc"],
        "Discovery": ["Support", "Telemetry"],
        "Model": ["Discovery", "Support", "Telemetry", "Statistics"],
        "Ports": ["Discovery", "Model"],
        "Declarations": ["Model", "Support", "Glibc"],
        "Kernel": ["Model", "Support", "Telemetry", "Statistics"],
    ]

    /// The rooms that know a part of the outside world; none of them knows another one.
    static let edges = [
        "API", "Brokers", "Centres", "ConfigurationFiles", "FlagServing", "HTTPClient", "JournalStore", "Leases",
        "Notifications",
        "ReferenceRouter",
        "PlanSteps", "Routers",
        "Scraping", "TargetSources",
    ]

    /// The rooms that edges may import.
    static let belowEdges: Set<String> = [
        "Declarations", "Discovery", "HTTPServing", "JournalFormat", "Model", "Ports", "SourceCalls", "Support",
        "SystemSupport", "Telemetry", "Templates",
    ]

    static let rooms = Set(
        Repository.files("Sources", ending: ".swift").map { String($0.split(separator: "/")[1]) })

    static func imports(of file: String) -> [String] {
        Repository.text(file).split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            if let first = words.first, ["public", "package"].contains(first) || first.hasPrefix("@") {
                words.removeFirst()
            }
            return words.count >= 2 && words[0] == "import" ? words.last : nil
        }
    }

    @Test(arguments: pure.keys.sorted())
    func aPureRoomKnowsOnlyWhatItMay(_ room: String) throws {
        let allowed = try #require(WallTests.pure[room])
        try WallTests.expect(room) { allowed.contains($0) }
    }

    @Test(arguments: edges)
    func anEdgeKnowsNoOtherEdge(_ room: String) throws {
        try WallTests.expect(room) { !WallTests.rooms.contains($0) || WallTests.belowEdges.contains($0) }
    }

    /// The kernel decides; whoever else knew it could decide too.
    @Test func fewRoomsKnowTheKernel() throws {
        for room in WallTests.rooms.subtracting(["Kernel", "Daemon", "Simulation", "Bench"]) {
            try WallTests.expect(room) { $0 != "Kernel" }
        }
    }

    private static func expect(_ room: String, mayImport: (String) -> Bool) throws {
        let files = Repository.files("Sources/\(room)", ending: ".swift")
        try #require(!files.isEmpty)
        for file in files {
            for name in WallTests.imports(of: file) where !mayImport(name) {
                Issue.record("\(file) imports \(name), which \(room) must not know")
            }
        }
    }

    /// The same input gives the same answer, on every machine and every day. Ports is left out: it declares what waits.
    @Test(arguments: ["Support", "Telemetry", "Discovery", "Statistics", "Model", "Declarations", "Kernel"])
    func pureRoomsDoNoInputAndOutput(_ room: String) {
        let forbidden = [
            "Date()", "UUID()", ".random(", "ContinuousClock", "Task {", "Task.sleep", " await ", "Mutex(",
            "FileHandle",
            "FileManager", "clock_gettime", "SystemRandomNumberGenerator",
        ]
        for file in Repository.files("Sources/\(room)", ending: ".swift") {
            let code = Repository.text(file).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
            for line in code {
                for name in forbidden where line.contains(name) { Issue.record("\(file): \(name) in: \(line)") }
            }
        }
    }

    /// A wait or a task that bypasses the port `DaemonClock` would run beside the virtual time of the simulation.
    @Test(arguments: ["Daemon", "Notifications", "Scraping", "TargetSources"])
    func servicesWaitThroughTheClock(_ room: String) {
        let bypasses = ["Task.sleep", " Task {", "Task.detached", "ContinuousClock", "clock_gettime", "DispatchQueue"]
        for file in Repository.files("Sources/\(room)", ending: ".swift") {
            let text = Repository.text(file)
            for bypass in bypasses where text.contains(bypass) { Issue.record("\(file) has \(bypass)") }
        }
    }

    @Test func nothingIsLeftOpen() {
        let marks = ["FIX" + "ME", "TO" + "DO", "fatalError(", "try!"]
        for file in Repository.files("Sources", ending: ".swift") {
            let text = Repository.text(file)
            for mark in marks where text.contains(mark) { Issue.record("\(file) has \(mark)") }
        }
    }
}
