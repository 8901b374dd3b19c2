import Foundation
import Model
import Ports
import Support

/// A key in Redis whose value is the variant.
struct RedisFlag: FlagPlace {
    let secrets: (any SecretStore)?

    func plan(_ work: FlagWork) -> String { "redis \(work.address ?? ""): SET \(work.flag) \(work.variant)" }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        switch await ask(["GET", work.flag], work, attempt) {
        case .failure(let failure): .unreadable(failure.text)
        case .success(.text(let value)): .value(value, isWhole: true, shown: "redis' \(work.flag)")
        case .success: .absent("redis has no key '\(work.flag)'")
        }
    }

    /// `XX`: a key that is not there is a name that is not right (redis.io, SET).
    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        switch await ask(["SET", work.flag, work.variant, "XX", "KEEPTTL"], work, attempt) {
        case .failure(let failure): failure.answer
        case .success(.missing): .refused("redis has no key '\(work.flag)'; write it once by hand")
        case .success: .done("redis has \(work.flag) = \(work.variant)")
        }
    }

    private func ask(
        _ command: [String], _ work: FlagWork, _ attempt: FlagTry
    ) async -> Result<RedisReply, AnswerFailure> {
        var commands = [command]
        if case .basic(let user, let reference)? = work.security.authorization {
            guard let secrets else { return .failure(AnswerFailure(.refused("the password cannot be read"))) }
            do throws(SecretError) {
                let password = try secrets.secret(reference)
                commands.insert(["AUTH"] + (user.isEmpty ? [password] : [user, password]), at: 0)
            } catch { return .failure(AnswerFailure(.refused("\(error)"))) }
        }
        let (address, limitMs, all) = (work.address ?? "", attempt.leftMs, commands)
        return await OwnThread.run { () -> Result<RedisReply, AnswerFailure> in
            Result { () throws(AnswerFailure) in try RedisConversation(address, limitMs: limitMs).ask(all) }
        }
    }
}

/// What Redis answers (redis.io, RESP protocol specification), as far as these commands have it.
enum RedisReply: Sendable, Equatable {
    case text(String)
    case missing
    case error(String)
}

/// A few commands over one connection. Blocks: for a thread that may wait.
final class RedisConversation {
    private static let replyLimitBytes = 1 << 20

    private let address: String
    private let socket: TimedSocket
    private var received: [UInt8] = []

    init(_ address: String, limitMs: Int64) throws(AnswerFailure) {
        self.address = address
        socket = try TimedSocket(address, limitMs: limitMs)
    }

    /// - Returns: the reply to the last command.
    func ask(_ commands: [[String]]) throws(AnswerFailure) -> RedisReply {
        var out: [UInt8] = []
        for command in commands {
            out += Array("*\(command.count)\r\n".utf8)
            for part in command { out += Array("$\(part.utf8.count)\r\n\(part)\r\n".utf8) }
        }
        try socket.send(out)
        var last = RedisReply.missing
        for command in commands {
            last = try reply()
            if case .error(let text) = last {
                throw AnswerFailure(.refused("redis \(address): \(command[0]): \(text.prefix(200))"))
            }
        }
        return last
    }

    private func reply() throws(AnswerFailure) -> RedisReply {
        let line = try line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+", ":": return .text(rest)
        case "-": return .error(rest)
        case "$":
            guard let count = Int(rest), count <= Self.replyLimitBytes else { throw foreign }
            guard count >= 0 else { return .missing }
            while received.count < count + 2 { received += try socket.receive() }
            defer { received.removeFirst(count + 2) }
            return .text(String(decoding: received.prefix(count), as: UTF8.self))
        default: throw foreign
        }
    }

    private func line() throws(AnswerFailure) -> String {
        while true {
            if let end = received.firstIndex(of: 0x0A) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                guard line.hasSuffix("\r") || line.unicodeScalars.last == "\r" else { throw foreign }
                return String(line.unicodeScalars.dropLast())
            }
            guard received.count <= 4_096 else { throw foreign }
            received += try socket.receive()
        }
    }

    private var foreign: AnswerFailure {
        AnswerFailure(.refused("\(address) does not speak Redis' protocol"))
    }
}
