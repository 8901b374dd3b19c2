// swift-tools-version: 6.2
import PackageDescription

/// Settings every target of ours shares: Swift 6 mode comes with the tools version; imports are internal unless
/// said `public import`, so a room cannot leak what it depends on; a warning is an error.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// One room of the house: a library target and nothing else; `embedding` names files that are compiled into the program.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], embedding files: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: files.map { .embedInCode($0) }, swiftSettings: house)
}

/// The tests beside a room; `leaving` names folders of data that the tests find by their path.
func tests(_ name: String, _ dependencies: [Target.Dependency], leaving data: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: house)
}

/// What `make dist` says of the build, as text for the C compiler; developers' builds say nothing, so that a commit does not
/// make them build anything again.
let buildStamp: [CSetting] = ["ROLLGUARD_COMMIT", "ROLLGUARD_DATE"].compactMap { name in
    Context.environment[name].map { .define(name, to: "\"\($0)\"") }
}

let package = Package(
    name: "Rollguard",
    products: [.executable(name: "rollguard", targets: ["rollguard"])],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        // HTTP/2 for providers of feature flags; Hummingbird brings it already.
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        // Hummingbird's requests and responses are made of these two packages' types.
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // annex: the C libraries
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // annex: the commit of the build
        .target(name: "CBuildStamp", cSettings: buildStamp),
        // annex: what glibc's spawn has beyond POSIX
        .target(name: "CSpawn"),
        // annex: librdkafka's producer, loaded when it is needed
        .target(name: "CKafka"),
        // annex: libpq, loaded when it is needed
        .target(name: "CPostgres"),
        // pure
        room("Support"),
        room("Telemetry"),
        room("Statistics"),
        room("Discovery", ["Support", "Telemetry"]),
        room("Templates", ["Telemetry"]),
        room("Model", ["Discovery", "Support", "Telemetry", "Statistics"]),
        room("Ports", ["Discovery", "Model"]),
        room("Declarations", ["Model", "Support"]),
        room("Kernel", ["Model", "Support", "Telemetry", "Statistics"]),
        // floor 1: the edges; what several of them use of the system
        room("SystemSupport", ["Model", "Ports", "CSpawn"]),
        room(
            "ConfigurationFiles",
            ["Declarations", "Discovery", "Model", "Support", "SystemSupport", "Telemetry", yams],
            // Links to the files in `rules`.
            embedding: [
                "backstop", "both-pools-sick", "error-rate", "latency-p99", "regression", "traffic-absent",
            ].map { "ReadyRules/\($0).yaml" }),
        room("HTTPClient", ["Model", "Ports", "Support", "SystemSupport", "CCurl", "CZlib"]),
        // what the HTTP servers of several rooms bound: bodies, heads, writes
        room("HTTPServing", [hummingbird, hummingbirdCore, httpTypes, logging, lifecycle, nioCore, nioHTTPTypes]),
        // Yams finds the weights in files of routers; Hummingbird answers routers that poll.
        room(
            "Routers",
            [
                "Declarations", "HTTPServing", "Model", "Ports", "Support", "SystemSupport", httpTypes, hummingbird,
                nioCore, nioPosix,
                yams,
            ]),
        room("Notifications", ["Declarations", "Model", "Ports", "Support", "Templates", crypto]),
        // how target sources and configuration centres ask their servers
        room("SourceCalls", ["Discovery", "Model", "Ports", "Support"]),
        // Yams reads lists of targets.
        room(
            "TargetSources",
            ["Declarations", "Discovery", "Model", "Ports", "SourceCalls", "Support", "SystemSupport", yams]),
        room("Centres", ["Declarations", "Model", "Ports", "SourceCalls", "Support", "SystemSupport", crypto]),
        // NATS, RabbitMQ, Redis and Kafka, for events of releases; NIOSSL is for brokers with TLS.
        room("Brokers", ["CKafka", "Model", "Ports", nioCore, nioPosix, nioSSL]),
        // The steps of plans: programs, requests, flags.
        room("PlanSteps", ["Model", "Ports", "Support", "SystemSupport", "Telemetry"]),
        // Feature flags for applications: HTTP, and gRPC over HTTP/2.
        room("FlagServing", ["Model", "Ports", "SystemSupport", logging, nioCore, nioPosix, nioHTTP1, nioHTTP2]),
        room("JournalFormat", ["Model"]),
        // Leaders of several daemons, and what they hand over.
        room("Leases", ["CPostgres", "JournalFormat", "Model", "Ports", "SourceCalls", "SystemSupport"]),
        room("JournalStore", ["JournalFormat", "Model", "Ports", grdb]),
        // NIOSSL is for `listen.tls`.
        room(
            "API",
            [
                "Discovery", "HTTPServing", "Model", "Ports", "Support", "SystemSupport", crypto, httpTypes,
                hummingbird, hummingbirdCore, lifecycle, logging, nioCore, nioHTTP1, nioHTTPTypesHTTP1, nioSSL,
            ],
            embedding: [
                "OpenAPI/openapi.json", "Page/icon.svg", "Page/index.html", "Page/page.css", "Page/page.js",
                "Page/plots.js",
            ]),
        room("Scraping", ["Model", "Ports", "Support", "SystemSupport", "Telemetry", logging]),
        room("ReferenceRouter", ["Support", "SystemSupport", "Telemetry", nioCore, nioPosix, nioHTTP1, crypto]),
        // floor 2: the composition root
        room(
            "Daemon",
            [
                "Declarations", "Discovery", "SourceCalls", "Support", "SystemSupport", "Telemetry", "Model", "Ports",
                "Kernel",
                "Brokers", "HTTPClient", "Routers", "PlanSteps", "FlagServing",
                "Notifications", "JournalStore", "API", "Scraping", "TargetSources", "Centres",
                "Leases",
                logging, lifecycle, signals,
            ]),
        // floor 3: the command line
        .executableTarget(
            name: "rollguard",
            dependencies: [
                "Brokers", "CBuildStamp", "Calculator", "Centres", "Daemon", "API", "DemoWorld", "ReferenceRouter",
                "JournalStore",
                "Model",
                "Ports",
                "ConfigurationFiles", "Declarations", "Notifications", "Scraping", "SourceCalls", "Support",
                "SystemSupport",
                "Telemetry",
                "HTTPClient", "Routers",
                logging, arguments, signals, nioCore,
            ], swiftSettings: house),
        // what a developer has: simulate, calibrate, bench, gate
        .executableTarget(
            name: "rollguard-lab",
            dependencies: [
                "Bench", "Calibration", "Simulation", "Telemetry", "Statistics", "JournalStore", "Model", "Ports",
                "HTTPClient", "DemoWorld", "Support", arguments, nioCore, nioPosix, nioHTTP1,
            ], swiftSettings: house),
        // annex: pages of services and a kernel with work to do, for the bench and the gate
        room("Bench", ["Telemetry", "Model", "Kernel"]),
        // annex: services, load and a webhook sink, for the demo and the tests
        room("DemoWorld", ["Telemetry", nioCore, nioPosix, nioHTTP1]),
        // annex: the calculator behind `rollguard evidence`, and the simulation behind `rollguard-lab calibrate`
        room("Calculator", ["Statistics"]),
        room("Calibration", ["Statistics", "Telemetry"]),
        // annex: the whole daemon in virtual time, from a seed
        room(
            "Simulation",
            [
                "Centres", "Daemon", "Discovery", "JournalFormat", "Leases", "Model", "Ports", "Kernel",
                "ConfigurationFiles", "SourceCalls", "Support", "SystemSupport", "TargetSources", "Telemetry", logging,
            ]),
        // annex: what every router driver is held to
        room("RouterConformance", ["Model", "Ports"]),
        // tests, beside the room they test
        tests("SupportTests", ["Support"]),
        tests(
            "ScrapingTests",
            ["Scraping", "HTTPClient", "Model", "Ports", "Routers", "Support", "SystemSupport", "Telemetry", logging]),
        tests("SystemSupportTests", ["SystemSupport"]),
        tests("DiscoveryTests", ["Discovery", "Support", "Telemetry"], leaving: ["Relabelling/relabelling.jsonl"]),
        tests(
            "TargetSourcesTests",
            ["TargetSources", "Discovery", "HTTPClient", "Model", "Ports", "SourceCalls", "Support", "SystemSupport"]),
        tests(
            "CentresTests",
            [
                "Centres", "ConfigurationFiles", "Declarations", "HTTPClient", "Leases", "Model", "Ports",
                "SourceCalls",
                "Support",
                "SystemSupport",
            ]),
        tests("TelemetryTests", ["Telemetry"], leaving: ["Vectors"]),
        tests("TemplatesTests", ["Templates"], leaving: ["Oracle"]),
        tests("StatisticsTests", ["Statistics", "Support", "Telemetry"]),
        tests("CalculatorTests", ["Calculator"]),
        tests("CalibrationTests", ["Calibration", "Statistics"]),
        tests(
            "PlanStepsTests",
            ["HTTPClient", "Model", "PlanSteps", "Ports", "SystemSupport", "Telemetry"]),
        tests(
            "FlagServingTests", ["FlagServing", "HTTPClient", "Model", "PlanSteps", "Ports", "SystemSupport", logging]),
        // With receivers and steps that use them, on real brokers.
        tests(
            "BrokersTests",
            ["Brokers", "HTTPClient", "Model", "Notifications", "PlanSteps", "Ports", nioCore, nioPosix],
            leaving: ["Programs"]),
        tests("KernelTests", ["Kernel", "Leases", "Model", "Statistics", "Support", "Telemetry"]),
        tests(
            "ConfigurationFilesTests",
            [
                "Centres", "Declarations", "Discovery", "Routers", "Notifications", "TargetSources",
                "ConfigurationFiles", "Model",
                "Support",
                "Telemetry",
            ], leaving: ["Expositions"]),
        tests("HTTPClientTests", ["HTTPClient", "Model", "Ports", "Support"]),
        tests("RoutersTests", ["Routers", "Model", "Ports", "RouterConformance", "HTTPClient", nioCore, nioPosix]),
        tests(
            "LiveRouterTests",
            [
                "ConfigurationFiles", "Daemon", "DemoWorld", "HTTPClient", "Model", "Ports", "Routers", "rollguard",
                arguments, yams,
            ]),
        tests(
            "NotificationsTests",
            [
                "Notifications", "Declarations", "DemoWorld", "JournalStore", "Model", "Ports", "Statistics", "Support",
                "HTTPClient",
                crypto,
            ]),
        tests(
            "JournalStoreTests",
            ["JournalFormat", "JournalStore", "Kernel", "Model", "Ports", "Support", "Telemetry", grdb],
            leaving: ["Golden"]),
        tests(
            "HTTPServingTests",
            ["HTTPServing", httpTypes, hummingbird, nioCore, nioEmbedded, nioHTTPTypes, nioPosix]),
        tests("APITests", ["API", "HTTPServing", "Model", "Ports", "Statistics", "Support", lifecycle, logging]),
        tests("ReferenceRouterTests", ["ReferenceRouter", "Support", nioCore, nioPosix, nioHTTP1]),
        tests("DemoWorldTests", ["DemoWorld"]),
        tests(
            "BenchTests",
            [
                "rollguard-lab", "Bench", "Kernel", "JournalStore", "Model", "Ports", "Telemetry", "HTTPClient",
                nioCore,
            ]),
        tests(
            "DaemonTests",
            [
                "Bench", "Brokers", "Daemon", "DemoWorld", "Discovery", "ReferenceRouter", "Kernel", "JournalFormat",
                "JournalStore",
                "Leases", "Model",
                "Ports",
                "Routers", "Notifications", "SourceCalls", "SystemSupport", "TargetSources", "Telemetry", "HTTPClient",
                "rollguard",
                lifecycle, logging, grdb,
                nioCore, nioHTTP1, nioPosix,
            ]),
        tests("SimulationTests", ["Leases", "Simulation", "rollguard-lab"], leaving: ["PlantedBugs"]),
        tests(
            "RulesTests",
            [
                "Declarations", "Routers", "Notifications", "TargetSources", "ConfigurationFiles", "Kernel", "Model",
                "Telemetry", "DemoWorld",
            ],
            leaving: ["Recordings"]),
        // what the fuzzers check, on the inputs that they keep
        tests(
            "FuzzingTests",
            [
                "Centres", "Declarations", "Discovery", "Telemetry", "Model", "Routers", "Notifications",
                "TargetSources",
                "ConfigurationFiles", "ReferenceRouter", nioHTTP1,
            ]),
        tests("TidyTests", ["Daemon", "Telemetry"]),
    ]
)
