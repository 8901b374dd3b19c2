import Foundation

/// Our daemon and its peers, in turn, on the same targets.
struct PeerBench {
    /// Where results lie before they are published; git ignores it.
    static let folder = ".bench"

    let schedule: Schedule
    private let peers: [any Peer] = [
        RollguardPeer(), PrometheusPeer(hasRules: true), PrometheusPeer(hasRules: false), VMAgentPeer(),
    ]

    var names: [String] { peers.map(\.name) }

    /// Measures everything; what cannot be measured is a gap with its reason.
    func run() async throws -> Results { try await withChildren { try await measureAll(in: $0) } }

    private func measureAll(in folder: String) async throws -> Results {
        var results = Results(isQuick: schedule.isQuick)
        let present = peers.filter { $0.program != nil }
        for peer in peers where peer.program == nil {
            note("\(peer.name) is not installed: scripts/setup.sh bench", in: &results)
        }
        results.reader = try [1_000, 10_000].map { try ReaderRows.measure(samples: $0) }
        let kernel = KernelRows(schedule: schedule)
        results.kernelRules = kernel.rules()
        results.kernelWindows = kernel.windows()
        results.kernelTargets = kernel.targets()
        try await faults(present, folder: folder, &results)
        do { results.load = try await measureLoad(folder: folder) } catch {
            note("rollguard, under load: \(error)", in: &results)
        }
        for shape in schedule.scrapes {
            let wanted = present.filter { Schedule.isMain(shape) || $0.name != PrometheusPeer(hasRules: false).name }
            let fitting = wanted.filter { $0.seriesLimit >= shape.series }
            for peer in wanted where peer.seriesLimit < shape.series {
                note("\(peer.name), \(shape.name): its memory would not fit into this machine", in: &results)
            }
            results.scrapes += try await measure(shape, fitting, folder: folder, &results)
            try keep(results)
        }
        for count in schedule.ruleCounts {
            let judging = present.filter {
                $0.hasRules && ($0.name == "rollguard" || count <= Schedule.peerRuleLimit)
            }
            results.rules += try await measure(Schedule.shape(rules: count), judging, folder: folder, &results)
            try keep(results)
        }
        results.machine.loadAfter = Machine.load
        return results
    }

    /// One row, for whoever works on what it shows.
    func run(only shape: Shape, of names: [String]) async throws {
        let wanted = peers.filter { names.contains($0.name) }
        try await withChildren { folder in
            try await ScrapeRow(shape: shape, schedule: schedule, folder: folder).measure(wanted) { result, name in
                switch result {
                case .success(let figure): print("\(name): \(figure.line)")
                case .failure(let error): print("\(name), \(shape.name): \(error)")
                }
            }
        }
    }

    /// The same faults with and without load.
    func runLoad(_ load: DaemonLoad = DaemonLoad()) async throws -> LoadFigure {
        try await withChildren { try await measureLoad(load, folder: $0) }
    }

    private func measureLoad(_ load: DaemonLoad = DaemonLoad(), folder: String) async throws -> LoadFigure {
        defer { print("  faults under load, rollguard") }
        return try await LoadRow(faults: schedule.faultsUnderLoad, folder: folder, load: load).measure(RollguardPeer())
    }

    /// Gives a folder for the children's data, and ends them and removes it however the body ends.
    private func withChildren<Value>(_ body: (_ folder: String) async throws -> Value) async throws -> Value {
        let folder = try RunningChildren.makeFolder()
        defer { RunningChildren.clean() }
        let signals = RunningChildren.watchSignals()
        defer { for signal in signals { signal.cancel() } }
        raiseFileLimit()
        return try await body(folder)
    }

    private func faults(_ peers: [any Peer], folder: String, _ results: inout Results) async throws {
        var (figures, gaps): ([FaultFigure], [String]) = ([], [])
        try await FaultRow(faults: schedule.faults, folder: folder).measure(peers.filter(\.hasRules)) { result, name in
            switch result {
            case .success(let figure): figures.append(figure)
            case .failure(let error): gaps.append("\(name), faults: \(error)")
            }
            print("  faults, \(name)")
        }
        results.faults = figures
        for gap in gaps { note(gap, in: &results) }
    }

    private func measure(
        _ shape: Shape, _ peers: [any Peer], folder: String, _ results: inout Results
    ) async throws -> [ScrapeFigure] {
        var (figures, gaps): ([ScrapeFigure], [String]) = ([], [])
        try await ScrapeRow(shape: shape, schedule: schedule, folder: folder).measure(peers) { result, name in
            switch result {
            case .success(let figure):
                figures.append(figure)
                print("  \(shape.name), \(name): \(Figures.short(figure.cpuPerMillion)) CPU s per million samples")
            case .failure(let error): gaps.append("\(name), \(shape.name): \(error)")
            }
        }
        for gap in gaps { note(gap, in: &results) }
        return figures
    }

    /// After each row, so that an interrupted run has printed its results.
    private func keep(_ results: Results) throws { try Report(results: results).write(to: PeerBench.folder) }

    private func note(_ gap: String, in results: inout Results) {
        results.gaps.append(gap)
        print("  \(gap)")
    }

    /// Ten thousand targets are as many connections, on both sides.
    private func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
