import Model
import Ports

/// HAProxy by several percentages of one map, all set in one step: `prepare map`, `add map`, `commit map`. Until the
/// commit every request sees the old numbers, after it the new ones.
///
/// The commit replaces the whole map, so its other entries are read first and put in again; what another client writes
/// in between is lost. A map for several keys belongs to one release alone.
///
/// Source: HAProxy management guide, section 9.3, "prepare map", "add map", "commit map".
struct HAProxyMapKeysDriver: RouterDriver {
    let capabilities = HAProxyMapDriver.capabilities
    let instances: [String]

    private let sockets: [RuntimeConsole]
    private let entries: [HAProxyMapEntry]
    private let file: String
    private let aim: RouterAim

    /// - Parameter entries: at least two, of one file.
    init(sockets: [RuntimeConsole], file: String, entries: [HAProxyMapEntry], aim: RouterAim) {
        self.aim = aim
        self.sockets = sockets
        self.entries = entries
        self.file = file
        instances = sockets.map(\.name)
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        await EachInstance.run(sockets) { socket in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(RuntimeFailure) {
                let answers = try await socket.run(entries.map { "get map \(file) \($0.key)" }, deadline: deadline)
                return together(zip(answers, entries).map { HAProxyMapDriver.read($0, $1, instance: socket.name) })
            } catch {
                return .unread(socket.name, Refusal(error).detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let lines = entries.map { "\($0.key) \(HAProxyMapDriver.percent(split, aim))" }.joined(separator: ", ")
        return instances.map {
            PlannedCall(
                instance: $0, call: "prepare map \(file); add map @new \(file) << \(lines); commit map @new \(file)")
        }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await EachInstance.run(sockets) { socket in
            do throws(Refusal) {
                try await exchange(HAProxyMapDriver.percent(split, aim), socket, Deadline(afterMs: timeoutMs))
                return RouterReceipt(instance: socket.name, nil)
            } catch {
                return RouterReceipt(instance: socket.name, error)
            }
        }
    }

    /// One key that still sends traffic to the canary is enough, so the largest share counts.
    private func together(_ parts: [RouterObservation]) -> RouterObservation {
        var whole = parts[0]
        let shares = parts.map(\.canaryBasisPoints)
        let isRead = shares.allSatisfy { $0 != nil }
        whole.canaryBasisPoints = isRead ? shares.compactMap { $0.map(aim.share) }.max() : nil
        var notes = parts.compactMap(\.problem)
        if isRead, Set(shares).count > 1 {
            let each = zip(entries, shares).map { "\($0.key) \(($1 ?? 0) / 100) %" }
            notes.append("the keys differ: \(each.joined(separator: ", "))")
        }
        whole.problem = notes.isEmpty ? nil : ShownText.line(notes.joined(separator: "; "))
        return whole
    }

    // MARK: The exchange

    private func exchange(_ percent: Int, _ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) {
        let lines = try await lines(percent, socket, deadline)
        let version = try await prepare(socket, deadline)
        do throws(Refusal) {
            for payload in HAProxyMapKeysDriver.payloads(lines) {
                try await order("add map @\(version) \(file) <<\n\(payload)", socket, deadline)
            }
            try await order("commit map @\(version) \(file)", socket, deadline)
        } catch {
            // What was prepared would stay in HAProxy's memory.
            _ = try? await socket.show("clear map @\(version) \(file)", deadline: deadline)
            throw error
        }
    }

    /// The map as it is, with our numbers in it: `0x55… key value` per line.
    private func lines(_ percent: Int, _ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) -> [String]
    {
        let answer = try await ask("show map \(file)", socket, deadline)
        var missing = entries.map(\.key)
        var lines: [String] = []
        for line in answer.split(separator: "\n") {
            let columns = line.split(separator: " ", maxSplits: 2)
            guard columns.count == 3, columns[0].hasPrefix("0x") else { throw .answer(answer, to: "show map \(file)") }
            let key = String(columns[1])
            if entries.contains(where: { $0.key == key }) {
                missing.removeAll { $0 == key }
                lines.append("\(key) \(percent)")
            } else {
                lines.append("\(key) \(columns[2])")
            }
        }
        guard missing.isEmpty else {
            throw Refusal(
                .rejected, "the map \(file) has no entry \(missing.joined(separator: ", ")); add it to the file")
        }
        return lines
    }

    private func prepare(_ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) -> Int {
        let command = "prepare map \(file)"
        let answer = try await ask(command, socket, deadline)
        // `New version created: 7`
        guard let version = answer.split(separator: " ").last.flatMap({ Int($0.filter(\.isNumber)) }),
            answer.hasPrefix("New version created")
        else { throw .answer(answer, to: command) }
        return version
    }

    private func order(_ command: String, _ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) {
        let answer = try await ask(command, socket, deadline)
        guard answer.allSatisfy(\.isWhitespace) else {
            throw .answer(answer, to: command.split(separator: "\n").first.map(String.init) ?? command)
        }
    }

    private func ask(_ command: String, _ socket: RuntimeConsole, _ deadline: Deadline) async throws(Refusal) -> String
    {
        do { return try await socket.show(command, deadline: deadline) } catch { throw Refusal(error) }
    }

    /// HAProxy reads a command with its payload into one buffer. Each payload ends with a line end; the empty line that
    /// ends it is the command's own.
    private static func payloads(_ lines: [String]) -> [String] {
        var payloads: [String] = []
        for line in lines {
            if let last = payloads.last, last.utf8.count + line.utf8.count < 8_000 {
                payloads[payloads.count - 1] += line + "\n"
            } else {
                payloads.append(line + "\n")
            }
        }
        return payloads
    }
}
