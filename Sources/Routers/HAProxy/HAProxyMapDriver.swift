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

    var capabilities: RouterCapabilities { Self.capabilities }
    let instances: [String]

    private let sockets: [RuntimeConsole]
    private let entry: HAProxyMapEntry
    private let aim: RouterAim

    init(sockets: [RuntimeConsole], entry: HAProxyMapEntry, aim: RouterAim) {
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
        instances.map { PlannedCall(instance: $0, call: command(split)) }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let command = command(split)
        return await EachInstance.run(sockets) { socket in
            do throws(RuntimeFailure) {
                let answer = try await socket.run([command], deadline: Deadline(afterMs: timeoutMs)).first ?? ""
                return RouterReceipt(instance: socket.name, answer.isEmpty ? nil : .answer(answer, to: command))
            } catch {
                return RouterReceipt(instance: socket.name, Refusal(error))
            }
        }
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
