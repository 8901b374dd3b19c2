import SourceCalls
import SystemSupport

/// Finds the records of names as Prometheus does: each candidate of the search list at each server, until one answers.
struct NameLookup: Sendable {
    /// Of one question to one server, over UDP and over TCP.
    static let timeoutMs: Int64 = 2_000
    private static let resolvConf = "/etc/resolv.conf"

    /// Nil reads `/etc/resolv.conf` each time.
    let server: ResolverSettings.NameServer?

    /// Empty when the name does not exist, or has no such records.
    ///
    /// - Throws: ``SourceError`` when that is not known.
    func records(_ name: String, _ type: DNSMessage.RecordType) async throws(SourceError)
        -> [DNSMessage.Record]
    {
        let settings = try settings()
        var failure: SourceError?
        for candidate in settings.candidates(name) {
            do throws(SourceError) {
                if let records = try await ask(settings.servers, candidate, type) { return records }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return []
    }

    /// Nil when the name does not exist.
    private func ask(
        _ servers: [ResolverSettings.NameServer], _ name: String, _ type: DNSMessage.RecordType
    ) async throws(SourceError) -> [DNSMessage.Record]? {
        let id = UInt16.random(in: .min ... .max)
        guard let question = DNSMessage.question(name, type, id: id) else {
            throw SourceError("\(name) is not a valid host name")
        }
        var failure = SourceError("there is no name server")
        for server in servers {
            do throws(NameServerError) {
                switch try await outcome(server, question) {
                case .records(let records): return records
                case .noSuchName: return nil
                case .truncated: failure = SourceError("\(name): the answer over TCP is incomplete")
                case .refused(let code):
                    failure = SourceError("\(name): \(server.address) answered \(NameLookup.shown(code))")
                }
            } catch { failure = SourceError("\(name): \(error.reason)") }
        }
        throw failure
    }

    private func outcome(
        _ server: ResolverSettings.NameServer, _ question: [UInt8]
    ) async throws(NameServerError) -> DNSMessage.Outcome {
        let socket = NameServerSocket(address: server.address, port: server.port)
        for overTCP in [false, true] {
            let answer = try await socket.answer(
                to: question, overTCP: overTCP, timeoutMs: NameLookup.timeoutMs,
                accepts: { (try? DNSMessage.outcome(of: $0, to: question)) != nil })
            if let outcome = try? DNSMessage.outcome(of: answer, to: question), outcome != .truncated {
                return outcome
            }
        }
        return .truncated
    }

    private func settings() throws(SourceError) -> ResolverSettings {
        var settings = ResolverSettings()
        do throws(FileReadError) {
            let bytes = try RegularFile.read(NameLookup.resolvConf, limitBytes: 65_536).bytes
            settings = ResolverSettings(resolvConf: String(decoding: bytes, as: UTF8.self))
        } catch {
            guard server != nil else {
                throw SourceError("\(NameLookup.resolvConf) cannot be read: \(error.reason)")
            }
        }
        if let server { settings.servers = [server] }
        return settings
    }

    private static func shown(_ code: UInt8) -> String {
        switch code {
        case 1: "FORMERR"
        case 2: "SERVFAIL"
        case 4: "NOTIMP"
        case 5: "REFUSED"
        default: "code \(code)"
        }
    }
}
