import Model
import Ports

/// HAProxy by a percentage in a map, which the configuration compares with a random number or a hash for each request.
///
/// Only the number of an entry that is there is changed. Shares are rounded down to whole percents: the canary never gets
/// more than was asked for.
struct HAProxyMapDriver: RouterDriver {
    /// Whether the number is compared with a hash or with a random number is not known here.
    static let capabilities = RouterCapabilities(
        readBack: .loaded, movesStickyClients: true, granularityBasisPoints: 100, growth: .unknown, keeps: .nothing)

    var capabilities: RouterCapabilities {
        var capabilities = Self.capabilities
        capabilities.forced = forced != nil
        return capabilities
    }

    let instances: [String]

    private let sockets: [RuntimeConsole]
    private let entry: HAProxyMapEntry
    private let forced: HAProxyMapEntry?
    private let aim: RouterAim

    init(sockets: [RuntimeConsole], entry: HAProxyMapEntry, forced: HAProxyMapEntry? = nil, aim: RouterAim) {
        self.forced = forced
        self.sockets = sockets
        self.entry = entry
        self.aim = aim
        instances = sockets.map(\.name)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        let command = "get map \(entry.file) \(entry.key)"
        let (entry, aim) = (entry, aim)
        return await EachInstance.run(sockets) { socket in
            do throws(RuntimeFailure) {
                let answer = try await socket.show(command, deadline: Deadline(afterMs: timeoutMs))
                return HAProxyMapDriver.read(answer, entry, instance: socket.name).aimed(aim)
            } catch {
                return .unread(socket.name, Refusal(error).detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let commands = commands(split)
        return instances.flatMap { instance in commands.map { PlannedCall(instance: instance, call: $0) } }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await run(commands(split), timeoutMs)
    }

    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        guard let forced else {
            return instances.map {
                RouterReceipt(instance: $0, Refusal(.rejected, "the map has no entry for the route of test users"))
            }
        }
        return await run([command(forced, isOpen: isOpen)], timeoutMs)
    }

    private func run(_ commands: [String], _ timeoutMs: Int64) async -> [RouterReceipt] {
        let closing = forced.map { command($0, isOpen: false) }
        return await EachInstance.run(sockets) { socket in
            do throws(RuntimeFailure) {
                let answers = try await socket.run(commands, deadline: Deadline(afterMs: timeoutMs))
                let refused = zip(commands, answers).first { command, answer in
                    // A route whose entry is not there is closed.
                    let isClosed = command == closing && answer.lowercased().hasPrefix("entry not found")
                    return !answer.isEmpty && !isClosed
                }
                return RouterReceipt(instance: socket.name, refused.map { .answer($0.1, to: $0.0) })
            } catch {
                return RouterReceipt(instance: socket.name, Refusal(error))
            }
        }
    }

    /// The route of test users is closed first, so that no request of theirs comes to a canary that is out.
    private func commands(_ split: Split) -> [String] {
        guard let forced, split == .allBaseline else { return [command(split)] }
        return [command(forced, isOpen: false), command(split)]
    }

    private func command(_ forced: HAProxyMapEntry, isOpen: Bool) -> String {
        "set map \(forced.file) \(forced.key) \(isOpen ? aim.sides(2, 1).canary : 0)"
    }

    private func command(_ split: Split) -> String {
        "set map \(entry.file) \(entry.key) \(HAProxyMapDriver.percent(split, aim))"
    }

    /// The number in the map. The canary's part is rounded down, whichever side it is.
    static func percent(_ split: Split, _ aim: RouterAim) -> Int { WeightPair(split, total: 100, aim: aim).canary }

    // MARK: The answer

    /// The share of the settings' canary side.
    ///
    /// `type=str, case=sensitive, found=yes, idx=tree, key="app", value="0", type="sint"`; a line per way in which the
    /// configuration uses the map.
    static func read(_ answer: String, _ entry: HAProxyMapEntry, instance: String) -> RouterObservation {
        let ownKey = "key=\"\(entry.key)\""
        let lines = answer.split(separator: "\n")
        guard let line = lines.first(where: { $0.contains(ownKey) }) else {
            let isAbsent = lines.contains { $0.contains("found=no") || $0.contains("match=no") || $0.contains("key=") }
            let what =
                isAbsent
                ? "the map \(entry.file) has no entry \(entry.key)"
                : "get map \(entry.file) \(entry.key): \(ShownText.line(answer, limit: 200))"
            return .unread(instance, what)
        }
        guard let value = value(line), let percent = Int(value), percent >= 0 else {
            return .unread(instance, "the entry \(entry.key) of \(entry.file) is no percentage: \(line)")
        }
        // HAProxy compares with 0...99, so anything above 100 is everything.
        let isTooLarge = percent > 100
        return RouterObservation(
            instance: instance, canaryBasisPoints: isTooLarge ? 10_000 : percent * 100, level: .loaded,
            problem: isTooLarge ? "the entry \(entry.key) of \(entry.file) is \(percent), more than 100 %" : nil)
    }

    private static func value(_ line: Substring) -> Substring? {
        guard let start = line.firstRange(of: "value=\"")?.upperBound else { return nil }
        let rest = line[start...]
        return rest.firstIndex(of: "\"").map { rest[..<$0] }
    }
}
