import Testing

/// Which room may know which: docs/ARCHITECTURE.md.
@Suite("Walls between the rooms")
struct WallTests {
    static let floors: [String: Set<String>] = [
        "Support": [],
        "Telemetry": [],
        "Statistics": ["Glibc"],
        "Model": ["Support", "Telemetry", "Statistics"],
        "Ports": ["Model"],
        "Declarations": ["Model", "Support", "Glibc"],
        "Kernel": ["Model", "Support", "Telemetry", "Statistics"],
        "ConfigurationFiles": [
            "Declarations", "Model", "Support", "SystemSupport", "Telemetry", "Yams", "Foundation", "Glibc",
        ],
        "HTTPClient": [
            "SystemSupport", "Model", "Ports", "Support", "CCurl", "CZlib", "Glibc", "Synchronization", "Foundation",
        ],
        "SystemSupport": ["Model", "Glibc"],
        "Routers": [
            "Declarations", "HTTPServing", "SystemSupport", "Model", "Ports", "Support", "HTTPTypes", "Hummingbird",
            "NIOCore",
            "NIOPosix", "Yams",
            "Foundation", "Synchronization",
        ],
        "Notifications": ["Declarations", "Model", "Ports", "Support", "Crypto", "Foundation", "Synchronization"],
        "JournalFormat": ["Model", "Foundation"],
        "Simulation": [
            "JournalFormat", "Model", "Ports", "Kernel", "Declarations", "Routers", "ConfigurationFiles", "Support",
            "Telemetry", "Foundation",
            "Synchronization",
        ],
        "JournalStore": ["JournalFormat", "Model", "Ports", "GRDB", "Foundation", "Glibc"],
        "HTTPServing": [
            "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTPTypes", "ServiceLifecycle",
        ],
        "API": [
            "HTTPServing", "Model", "Ports", "Support", "SystemSupport", "Hummingbird", "HummingbirdCore", "HTTPTypes",
            "Logging",
            "NIOCore",
            "NIOPosix", "NIOHTTP1", "NIOSSL", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "ServiceLifecycle", "Foundation",
            "Glibc", "Synchronization",
        ],
        "ReferenceRouter": [
            "Support", "SystemSupport", "Telemetry", "NIOCore", "NIOPosix", "NIOHTTP1", "Crypto", "Foundation", "Glibc",
            "Synchronization",
        ],
        "Calculator": ["Statistics", "Foundation"],
        "Calibration": ["Statistics", "Telemetry", "Glibc"],
        "Bench": ["Telemetry", "Model", "Kernel"],
        "rollguard-gate": ["Bench", "Telemetry", "Statistics"],
        "RouterConformance": ["Model", "Ports", "Synchronization"],
        "DemoWorld": ["Telemetry", "NIOCore", "NIOPosix", "NIOHTTP1", "Foundation", "Glibc", "Synchronization"],
    ]

    static func imports(of file: String) -> [String] {
        Repository.text(file).split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            if let first = words.first, ["public", "package"].contains(first) || first.hasPrefix("@") {
                words.removeFirst()
            }
            return words.count >= 2 && words[0] == "import" ? words.last : nil
        }
    }

    @Test(arguments: floors.keys.sorted())
    func aRoomKnowsOnlyWhatItMay(_ room: String) throws {
        let allowed = try #require(WallTests.floors[room])
        let files = Repository.files("Sources/\(room)", ending: ".swift")
        #expect(!files.isEmpty)
        for file in files {
            for name in WallTests.imports(of: file) where !allowed.contains(name) {
                Issue.record("\(file) imports \(name), which \(room) must not know")
            }
        }
    }

    /// The same input gives the same answer, on every machine and every day. Ports is left out: it declares what waits.
    @Test(arguments: ["Support", "Telemetry", "Statistics", "Model", "Kernel"])
    func pureRoomsDoNoInputAndOutput(_ room: String) {
        let forbidden = [
            "Date()", "UUID()", ".random(", "ContinuousClock", "Task {", "Task.sleep", " await ", "Mutex(",
            "FileHandle",
            "FileManager", "clock_gettime", "SystemRandomNumberGenerator",
        ]
        for file in Repository.files("Sources/\(room)", ending: ".swift") {
            let code = Repository.text(file).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
            for line in code {
                for word in forbidden where line.contains(word) { Issue.record("\(file): \(word) in: \(line)") }
            }
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
