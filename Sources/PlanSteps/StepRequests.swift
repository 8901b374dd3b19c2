import Foundation
import Model
import Ports
import Support

/// The requests of steps, and what their answers say.
struct StepRequests: Sendable {
    private static let bodyLimitBytes = 4 << 20

    let transport: any HTTPTransport

    /// Sends a request that changes something.
    func change(_ request: StepRequest, key: String, timeoutMs: Int64) async -> StepAnswer {
        switch await respond(to: request, key: key, timeoutMs: timeoutMs) {
        case .failure(let failure): failure.answer
        case .success(let response): answer(response, request)
        }
    }

    /// The response to a request that changes something, whatever its status; the failure is what the lack of one means.
    func respond(
        to request: StepRequest, key: String, timeoutMs: Int64
    ) async -> Result<HTTPResponse, AnswerFailure> {
        do throws(TransportError) {
            return .success(try await send(request, key: key, timeoutMs: timeoutMs))
        } catch {
            let answer: StepAnswer =
                switch error {
                case .connectFailed, .closed: .failed("\(error)")
                case .unusable: .refused("\(error)")
                default: .unknown("\(error)")
                }
            return .failure(AnswerFailure(answer))
        }
    }

    /// Reads a document; the failure is the answer of the check.
    func read(
        _ request: StepRequest, timeoutMs: Int64
    ) async -> Result<(status: Int, body: [UInt8]), AnswerFailure> {
        do throws(TransportError) {
            var response = try await send(request, key: nil, timeoutMs: timeoutMs)
            return .success((response.status, response.takeBody()))
        } catch {
            return .failure(AnswerFailure(.unreadable("\(error)")))
        }
    }

    private func send(
        _ request: StepRequest, key: String?, timeoutMs: Int64
    ) async throws(TransportError) -> HTTPResponse {
        var http = HTTPRequest(
            method: request.method, url: request.url, headers: request.headers, timeoutMs: timeoutMs,
            bodyLimitBytes: StepRequests.bodyLimitBytes, security: request.security)
        if let key { http.headers.append(TextPair("Idempotency-Key", key)) }
        if !request.body.isEmpty {
            http.body = Array(request.body.utf8)
            let hasType = request.headers.contains { $0.name.lowercased() == "content-type" }
            if !hasType { http.headers.append(TextPair("Content-Type", "application/json")) }
        }
        return try await transport.send(http)
    }

    /// What a status means for a change.
    func answer(_ response: HTTPResponse, _ request: StepRequest) -> StepAnswer {
        let text = "\(StepRequests.shown(request)) answered \(response.status)\(response.said)"
        return switch response.status {
        case 200...299: .done(text)
        // It may have been carried out behind a gateway that gave up (RFC 9110, section 15.6).
        case 500, 502, 504: .unknown(text)
        case 408, 425, 429, 503: .failed(text)
        default: .refused(text)
        }
    }

    static func shown(_ request: StepRequest) -> String { "\(request.method) \(Redaction.url(request.url))" }
}

extension HTTPResponse {
    /// The beginning of its body, in one line.
    var said: String {
        var copy = self
        let text = String(decoding: copy.takeBody().prefix(400), as: UTF8.self)
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.isEmpty ? "" : ": \(line)"
    }
}
