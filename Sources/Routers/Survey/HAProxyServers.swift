/// The servers of each backend, out of `show servers state`.
///
/// Source: HAProxy management guide, section 9.3, `show servers state`: a version, a line of column names behind `#`, and
/// one line per server with fields that hold no blanks.
enum HAProxyServers {
    static func groups(_ text: String) -> [RouterSurvey.Group] {
        var columns: [Substring] = []
        var order: [String] = []
        var servers: [String: [RouterSurvey.Server]] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.first == "#" {
                columns = Array(fields.dropFirst())
                continue
            }
            func field(_ name: Substring) -> String? {
                guard let index = columns.firstIndex(of: name), fields.indices.contains(index) else { return nil }
                return String(fields[index])
            }
            guard let backend = field("be_name"), let name = field("srv_name"), let host = field("srv_addr") else {
                continue
            }
            let shownHost = host.contains(":") ? "[\(host)]" : host
            let address = field("srv_port").map { "\(shownHost):\($0)" } ?? shownHost
            if servers[backend] == nil { order.append(backend) }
            servers[backend, default: []].append(RouterSurvey.Server(name: name, addresses: [address]))
        }
        return order.map { RouterSurvey.Group(name: $0, servers: servers[$0] ?? []) }
    }
}
