import Foundation

/// A response as text, taken apart.
struct Reply {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    /// As it came: chunks are not put together.
    let rawBody: String

    init(_ text: String) throws {
        guard let end = text.range(of: "\r\n\r\n") else { throw RawClient.Problem(description: "no head: \(text)") }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        guard let first = lines.first, let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw RawClient.Problem(description: "no status line: \(text)") }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let name = parts.first else { continue }
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            headers[name.lowercased()] = headers[name.lowercased()].map { "\($0) | \(value)" } ?? String(value)
        }
        self.headers = headers
        rawBody = String(text[end.upperBound...])
    }

    /// One request on a connection of its own.
    static func to(
        _ method: String, _ path: String, at address: String, headers: [String] = [], body: String? = nil
    ) async throws -> Reply {
        let client = try await RawClient.connect(address)
        var lines = ["\(method) \(path) HTTP/1.1", "Host: shop.example", "Connection: close"] + headers
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        try await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        let text = try await client.receiveAll()
        await client.close()
        return try Reply(text)
    }
}
