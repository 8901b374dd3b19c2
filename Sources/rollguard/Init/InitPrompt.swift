import Declarations
import Foundation

/// The questions of `init` on a terminal. An answer that cannot be used is explained and asked for again.
struct InitPrompt {
    /// A bound for input that comes from a program.
    private static let attempts = 5

    func targets(_ pool: String) throws -> [String] {
        let version = pool == "baseline" ? "old" : "new"
        return try answer("Targets of the \(version) version (HOST:PORT, HOST:PORT ...): ") { text in
            let found = InitAnswers.list(text)
            if found.isEmpty { return .again("at least one target is needed, such as 10.0.0.11:9090") }
            if let wrong = found.first(where: { !Self.isTarget($0) }) {
                return .again("'\(wrong)' is neither HOST:PORT nor a URL")
            }
            return .use(found)
        }
    }

    func router() throws -> (kind: RouterQuestion.Kind, address: String)? {
        let kinds = RouterQuestion.Kind.allCases.map(\.rawValue)
        let kind: RouterQuestion.Kind? = try answer("Router (\(kinds.joined(separator: ", ")); empty for none): ") {
            if $0.isEmpty { return .use(nil) }
            if let kind = RouterQuestion.Kind(rawValue: $0.lowercased()) { return .use(kind) }
            let guess = Suggestions.nearest(to: $0, among: kinds).map { "; did you mean '\($0)'?" }
            return .again("'\($0)' is not a kind of router that can be asked\(guess ?? "")")
        }
        guard let kind else { return nil }
        return (kind, kind.address(try address(of: kind)))
    }

    func traefikFile() throws -> String? {
        try answer("File of Traefik's file provider that has the weights (empty if there is none): ") {
            .use($0.isEmpty ? nil : $0)
        }
    }

    private func address(of kind: RouterQuestion.Kind) throws -> String {
        let usual = kind == .haproxy ? "/run/haproxy/admin.sock" : nil
        let question =
            switch kind {
            case .haproxy: "Runtime socket [/run/haproxy/admin.sock]: "
            case .nginx: "URL where nginx serves the state of the split: "
            default: "Its admin address (HOST:PORT): "
            }
        return try answer(question) { text in
            guard let address = text.isEmpty ? usual : text else { return .again("an address is needed") }
            return .use(address)
        }
    }

    private static func isTarget(_ text: String) -> Bool {
        text.contains("://") || text.wholeMatch(of: /(\[[0-9A-Fa-f:.]+\]|[^:\/\s]+):[0-9]{1,5}/) != nil
    }

    private enum Verdict<Value> {
        case use(Value)
        case again(String)
    }

    /// - Throws: a usage error at the end of the input, and after too many answers that cannot be used.
    private func answer<Value>(_ question: String, _ judge: (String) -> Verdict<Value>) throws -> Value {
        for _ in 0..<Self.attempts {
            FileHandle.standardError.write(Data(question.utf8))
            guard let line = readLine() else {
                // The cursor is still behind the question.
                throw Failure.usage("\nerror: the input ended before this was answered; nothing was written")
            }
            switch judge(line.trimmingCharacters(in: .whitespaces)) {
            case .use(let value): return value
            case .again(let reason): Terminal.complain("  \(reason)")
            }
        }
        throw Failure.usage("error: no answer could be used; nothing was written")
    }
}
