import API
import Foundation
import Model
import Ports

/// A value in the body of an order.
enum OrderField: Encodable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case names([String])

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .names(let names): try container.encode(names)
        }
    }
}

/// An order on its way to the daemon. Its key makes it safe to send it again, so it is, while the daemon is restarted or its
/// disk is slow.
struct DaemonOrder {
    private static let tries = 5
    private static let pause: Duration = .seconds(1)
    /// Longer than the daemon waits for its disk.
    private static let timeoutMs: Int64 = 15_000

    let path: String
    let fields: [String: OrderField]
    let key: String
    let ifMatch: String?

    func send(to api: DaemonAPI) async throws -> OrderDocument { try await send(to: api, as: OrderDocument.self) }

    func send<Document: Decodable>(to api: DaemonAPI, as type: Document.Type) async throws -> Document {
        let response = try await response(from: api)
        guard (200...299).contains(response.status) else { throw DaemonOrder.refusal(response) }
        guard let document = try? JSONDecoder().decode(type, from: Data(response.body)) else {
            throw Failure.unreachable("error: \(api.base) does not answer like a rollguard of this version")
        }
        return document
    }

    private func response(from api: DaemonAPI) async throws -> HTTPResponse {
        var headers = [TextPair("Idempotency-Key", key)]
        if let ifMatch { headers.append(TextPair("If-Match", "\"\(ifMatch)\"")) }
        let body = [UInt8](try JSONEncoder().encode(fields))
        for left in (0..<DaemonOrder.tries).reversed() {
            do {
                let response = try await api.response(
                    "POST", path, body: body, headers: headers, timeoutMs: DaemonOrder.timeoutMs)
                if response.status != 503 || left == 0 { return response }
            } catch let failure as Failure where failure.code == Failure.unreachable && left > 0 {}
            try await Task.sleep(for: DaemonOrder.pause)
        }
        throw Failure.unreachable("error: the daemon was not reached")
    }

    private struct RefusalCode: Decodable {
        let code: String?
    }

    private static func refusal(_ response: HTTPResponse) -> Failure {
        let document = try? JSONDecoder().decode(ErrorDocument.self, from: Data(response.body))
        let text = "error: " + (document?.error ?? "the daemon answered with status \(response.status)")
        let code = (try? JSONDecoder().decode(RefusalCode.self, from: Data(response.body)))?.code
        switch response.status {
        case 400, 428: return .usage(text)
        case 403 where code != nil, 409, 412, 422:
            return Failure(code: RolloutExit.refused, text: text, refusal: code)
        case 500...599: return .unreachable(text)
        default: return .no(text)
        }
    }
}
