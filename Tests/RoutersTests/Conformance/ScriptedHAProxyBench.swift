import Foundation
import Model
import Ports
import RouterConformance
import Routers
import Synchronization

/// HAProxy's runtime socket from memory, on a real connection, with moods that a real one does not have.
extension BenchKind {
    static let haproxyWeightsScripted = scripted(
        "haproxy weights, scripted",
        .weights(backend: "be", baseline: ["old1"], canary: ["new1"], sticky: false),
        misnamed: [
            .weights(backend: "elsewhere", baseline: ["old1"], canary: ["new1"], sticky: false),
            .weights(backend: "be", baseline: ["old1"], canary: ["new9"], sticky: false),
        ])
    static let haproxyMapScripted = scripted(
        "haproxy map, scripted", .map(file: "split.map", key: "app"),
        misnamed: [.map(file: "split.map", key: "absent"), .map(file: "other.map", key: "app")])

    private static func scripted(
        _ name: String, _ mode: HAProxyPlan.Mode, misnamed: [HAProxyPlan.Mode]
    ) -> BenchKind {
        // The real one has these: a socket that is away, and one without the right.
        let cannot: Set<RouterFact> = [
            .aLostInstanceDoesNotHoldUpTheOthers, .wrongCredentialsAreRejected, .noSecretComesOut,
            .aDeadBaselineIsReported,
        ]
        return BenchKind(name: name, cannotCheck: cannot) { work in
            let models = [ScriptedHAProxy(), ScriptedHAProxy()]
            let usesMap = if case .map = mode { true } else { false }
            let paths = (0..<2).map { _ in "/tmp/rg-\(UInt64.random(in: 0...UInt64.max)).sock" }
            defer { for path in paths { unlink(path) } }
            try await ScriptedSocket.run(path: paths[0], { models[0].reply($0) }) { first in
                try await ScriptedSocket.run(path: paths[1], { models[1].reply($0) }) { second in
                    func driver(_ mode: HAProxyPlan.Mode) throws -> any RouterDriver {
                        try makeDriver(.haproxy(HAProxyPlan(sockets: [first.address, second.address], mode: mode)))
                    }
                    var bench = RouterBench(driver: try driver(mode), timeoutMs: 10_000) { models[$0].share(usesMap) }
                    bench.tamper = { models[$0].tamper($1) }
                    bench.setMood = { models[$0].setMood($1) }
                    bench.moods = [.hangs, .losesAnswers, .declines, .fails, .rubbish, .lies, .stale, .contested]
                    bench.restart = { models[$0].ship() }
                    bench.misnamed = try misnamed.map { try driver($0) }
                    bench.history = { models.flatMap { $0.history(usesMap) } }
                    try await work(bench)
                }
            }
        }
    }
}

private final class ScriptedHAProxy: Sendable {
    private struct State: Sendable {
        var weights = ["old1": 90, "new1": 10]
        var percent = 10
    }

    private struct Held: Sendable {
        var state = State()
        var mood = RouterMood.well
        var past: [State] = []
        var remembered: [String: String] = [:]
    }

    private static let shipped = State()
    private let held = Mutex(Held())

    func share(_ usesMap: Bool) -> Int {
        let state = held.withLock { $0.state }
        let (old, new) = (state.weights["old1"] ?? 0, state.weights["new1"] ?? 0)
        return usesMap ? state.percent * 100 : Int((Double(new) / Double(max(old + new, 1)) * 10_000).rounded())
    }

    func history(_ usesMap: Bool) -> [(baseline: Int, canary: Int)] {
        held.withLock { $0.past }.map {
            usesMap ? (100 - $0.percent, $0.percent) : ($0.weights["old1"] ?? 0, $0.weights["new1"] ?? 0)
        }
    }

    func setMood(_ mood: RouterMood) { held.withLock { $0.mood = mood } }
    func ship() { held.withLock { $0.state = Self.shipped } }

    func tamper(_ basisPoints: Int) {
        held.withLock {
            $0.state = State(
                weights: ["old1": 100 - basisPoints / 100, "new1": basisPoints / 100], percent: basisPoints / 100)
        }
    }

    func reply(_ line: String) -> ScriptedSocket.Reply {
        held.withLock { held in
            let isRead = line.hasPrefix("show ") || line.hasPrefix("get ")
            switch held.mood {
            case .hangs: return .silence
            case .declines where !isRead: return .text(Self.each(line, "Permission denied"))
            case .fails where !isRead: return .text(Self.each(line, "Internal error, no resources."))
            case .rubbish: return .text("\u{0}<html>,\"\n\n")
            case .stale where isRead: return .text(held.remembered[line] ?? "\n")
            case .contested where !isRead: held.state.weights["new1"] = 40
            default: break
            }
            var state = held.state
            var answers: [String] = []
            for command in line.split(separator: ";") {
                answers.append(Self.answer(command.split(separator: " ").map(String.init), &state))
                held.past.append(state)
            }
            let text = answers.map { $0.isEmpty ? "\n" : $0 + "\n\n" }.joined()
            if held.mood != .lies { held.state = state }
            if isRead { held.remembered[line] = text }
            return .text(held.mood == .losesAnswers && !isRead ? "" : text)
        }
    }

    private static func each(_ line: String, _ answer: String) -> String {
        line.split(separator: ";").map { _ in answer + "\n\n" }.joined()
    }

    /// Answers with the messages of HAProxy 2.6.
    private static func answer(_ arguments: [String], _ state: inout State) -> String {
        switch arguments.prefix(2).joined(separator: " ") {
        case "set server", "get weight":
            let parts = arguments[2].split(separator: "/").map(String.init)
            guard parts[0] == "be" else { return "No such backend." }
            guard let weight = state.weights[parts[1]] else { return "No such server." }
            if arguments[0] == "get" { return "\(weight) (initial \(shipped.weights[parts[1]] ?? 0))" }
            guard arguments[3] == "weight" else { return "" }
            state.weights[parts[1]] =
                arguments[4] == "100%" ? shipped.weights[parts[1]] ?? 0 : Int(arguments[4]) ?? weight
            return ""
        case "show stat":
            guard arguments[2] == "be" else { return "No such proxy." }
            let rows = state.weights.sorted { $0.key < $1.key }.map { "be,\($0.key),UP,\($0.value),2,0,," }
            return (["# pxname,svname,status,weight,type,bck,cookie,", "be,BACKEND,UP,0,1,0,,"] + rows).joined(
                separator: "\n")
        case "set map", "get map":
            guard arguments[2] == "split.map" else { return "Unknown map identifier. Please use #<id> or <name>." }
            if arguments[0] == "get" {
                guard arguments[3] == "app" else { return "type=str, case=sensitive, found=no" }
                return
                    "type=str, case=sensitive, found=yes, idx=tree, key=\"app\", value=\"\(state.percent)\", type=\"str\""
            }
            guard arguments[3] == "app" else { return "entry not found." }
            state.percent = Int(arguments[4]) ?? state.percent
            return ""
        default: return "Unknown command: '\(arguments.joined(separator: " "))'"
        }
    }
}
