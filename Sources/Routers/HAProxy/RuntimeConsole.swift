/// Runs commands on one HAProxy. They go in one line, joined with `;`, so that they are executed one after the other with
/// nothing but HAProxy between them.
struct RuntimeConsole: Sendable {
    let name: String
    private let socket: RuntimeSocket

    init(name: String, address: RuntimeAddress) {
        self.name = name
        socket = RuntimeSocket(address: address)
    }

    /// HAProxy reads a line into one buffer (`tune.bufsize`, 16 384 bytes by default).
    private static let lineLimitBytes = 8_000

    /// - Returns: one answer per command, in order, without surrounding line ends; empty is HAProxy's "done".
    func run(_ commands: [String], deadline: Deadline) async throws(RuntimeFailure) -> [String] {
        var answers: [String] = []
        for line in RuntimeConsole.lines(commands) {
            do {
                let text = try await socket.ask(line.joined(separator: ";"), deadline: deadline)
                answers += try RuntimeConsole.parts(text, count: line.count)
            } catch .unreachable(let reason) where !answers.isEmpty {
                // The lines before were sent.
                throw .lost(reason)
            } catch {
                throw error
            }
        }
        return answers
    }

    /// One command whose answer may hold empty lines.
    func show(_ command: String, deadline: Deadline) async throws(RuntimeFailure) -> String {
        try await socket.ask(command, deadline: deadline)
    }

    static func lines(_ commands: [String]) -> [[String]] {
        var lines: [[String]] = []
        var length = 0
        for command in commands {
            let added = command.utf8.count + 1
            if lines.isEmpty || length + added > lineLimitBytes {
                lines.append([])
                length = 0
            }
            lines[lines.count - 1].append(command)
            length += added
        }
        return lines
    }

    /// Each command's answer ends with an empty line.
    static func parts(_ text: String, count: Int) throws(RuntimeFailure) -> [String] {
        var parts: [String] = []
        var current: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line.isEmpty {
                parts.append(current.joined(separator: "\n"))
                current = []
            } else {
                current.append(line)
            }
        }
        guard parts.count == count, current.isEmpty else {
            throw .lost("\(parts.count) answers to \(count) commands: \(ShownText.line(text, limit: 300))")
        }
        return parts
    }
}

extension Refusal {
    init(_ failure: RuntimeFailure) {
        switch failure {
        case .unreachable(let reason): self.init(.unreachable, reason)
        case .lost(let reason): self.init(.unknown, reason)
        }
    }

    /// HAProxy's own message about a command, and what to do about it.
    static func answer(_ answer: String, to command: String) -> Refusal {
        let said = ShownText.line(answer, limit: 200)
        let low = answer.lowercased()
        var advice = ""
        if low.hasPrefix("permission denied") {
            advice = " (the socket needs \"level admin\" in haproxy.cfg)"
        } else if low.hasPrefix("unknown command") {
            advice = " (is this HAProxy's stats socket?)"
        } else if low.hasPrefix("entry not found") {
            advice = " (add the key to the map file; only its number is changed from here)"
        } else if low.contains("static lb algorithm") {
            advice = " (use roundrobin, leastconn, random or a consistent hash; a rollback works all the same)"
        }
        return Refusal(.rejected, "\(command): \(said)\(advice)")
    }
}
