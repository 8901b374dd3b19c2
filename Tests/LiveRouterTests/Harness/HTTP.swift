import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Plain requests of the tests, as curl would make them, each on a connection of its own.
enum HTTP {
    struct Answer {
        let status: Int
        let body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 5
        return URLSession(configuration: configuration)
    }()

    static func get(_ url: URL, headers: [String: String] = [:]) async throws -> Answer {
        var request = URLRequest(url: url)
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await session.data(for: request)
        return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: data)
    }
}

/// What the daemon's API says about an incident, as far as the table needs it.
struct IncidentReport: Decodable {
    struct Step: Decodable {
        let at: String
        let step: String
        let detail: String

        /// Milliseconds since 1970.
        var wallMs: Int64 {
            let formatter = ISO8601DateFormatter()
            formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
            return formatter.date(from: at).map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) } ?? 0
        }
    }

    let id: String
    let state: String
    let reapplications: Int
    let timeline: [Step]

    func wallMs(_ step: String, after earliest: Int64 = 0) -> Int64? {
        timeline.first { $0.step == step && $0.wallMs >= earliest }?.wallMs
    }

    func lastWallMs(_ step: String) -> Int64? { timeline.last { $0.step == step }?.wallMs }
}

extension Scene {
    private struct List: Decodable {
        struct Entry: Decodable { let id: String }
        let incidents: [Entry]
    }

    /// The newest incident with its timeline; nil while there is none.
    func incident() async throws -> IncidentReport? {
        let list = try JSONDecoder().decode(List.self, from: try await HTTP.get(api("/api/v1/incidents")).body)
        guard let id = list.incidents.first?.id else { return nil }
        return try JSONDecoder().decode(
            IncidentReport.self, from: try await HTTP.get(api("/api/v1/incidents/\(id)")).body)
    }
}
