/// A request as it went through a ``Relay``: the daemon sends one at a time per connection, with a length.
struct RelayedRequest: Sendable {
    let method: String
    let path: String
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]
    /// As it came.
    let bytes: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Users of another test may still ask for a port that was theirs a moment ago.
    var isOfDaemon: Bool { headers["user-agent"]?.hasPrefix("Rollguard/") == true }

    /// Takes the first request from the bytes; nil while it is not whole.
    static func cut(from received: inout [UInt8]) -> RelayedRequest? {
        guard let headEnd = endOfHead(received) else { return nil }
        let lines = String(decoding: received[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let end = headEnd + (headers["content-length"].flatMap { Int($0) } ?? 0)
        guard received.count >= end, let words = lines.first?.split(separator: " "), words.count == 3 else {
            return nil
        }
        let bytes = Array(received[..<end])
        received.removeFirst(end)
        return RelayedRequest(
            method: String(words[0]), path: String(words[1]), headers: headers, body: Array(bytes[headEnd...]),
            bytes: bytes)
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4 else { return nil }
        for index in 0...(bytes.count - 4) where bytes[index..<(index + 4)].elementsEqual(mark) { return index + 4 }
        return nil
    }
}
