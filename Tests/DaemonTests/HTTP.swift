import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Plain requests of the tests, as curl would make them.
enum HTTP {
    struct Answer {
        let status: Int
        let body: Data
        let contentType: String

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    static func get(_ url: URL) async throws -> Data { try await send("GET", url).body }

    static func send(
        _ method: String, _ url: URL, body: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.timeoutInterval = 10
        request.httpBody = body.map { Data($0.utf8) }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = response as? HTTPURLResponse
        return Answer(
            status: answer?.statusCode ?? 0, body: data,
            contentType: answer?.value(forHTTPHeaderField: "Content-Type") ?? "")
    }
}
