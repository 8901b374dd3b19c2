import NIOHTTP1

/// Says which version a request goes to.
struct TrafficSplitter: Sendable {
    private enum Rule: Sendable {
        case userHash(header: String?, cookie: String?)
        case region(NetworkTable)
        case random
    }

    private let rule: Rule
    private let forced: ForcedRoute?

    init(_ strategy: GrayRouterConfiguration.Strategy, forced: GrayRouterConfiguration.Forced? = nil) {
        self.forced = forced.map { ForcedRoute($0) }
        switch strategy {
        case .userHash(let header, let cookie): rule = .userHash(header: header, cookie: cookie)
        case .region(let networks): rule = .region(NetworkTable(networks.compactMap { Network($0) }))
        case .random: rule = .random
        }
    }

    /// The canary gets the buckets below the split. So 10 % -> 30 % takes it from no user, and 0 % from all.
    ///
    /// - Parameter target: where test users go.
    func version(
        headers: HTTPHeaders, client: NetworkAddress?, canaryBasisPoints: Int, forced target: ForcedTarget = .none
    ) -> Version {
        if let forced, let version = target.version, forced.matches(headers) { return version }
        guard canaryBasisPoints > 0 else { return .baseline }
        return bucket(headers: headers, client: client) < canaryBasisPoints ? .canary : .baseline
    }

    /// 0..<10 000, or 10 000 for those who never get the canary.
    private func bucket(headers: HTTPHeaders, client: NetworkAddress?) -> Int {
        switch rule {
        case .userHash(let header, let cookie):
            if let user = user(in: headers, header: header, cookie: cookie) { return Bucket.of(user: user) }
            // Without a user, the address: such a client stays with one version too, as far as its address does.
            return client.map { Bucket.of($0) } ?? Int.random(in: 0..<Bucket.count)
        case .region(let networks):
            guard let client, networks.contains(client) else { return Bucket.count }
            return Bucket.of(client)
        case .random:
            return Int.random(in: 0..<Bucket.count)
        }
    }

    private func user(in headers: HTTPHeaders, header: String?, cookie: String?) -> String? {
        if let header, let user = headers.first(name: header), !user.isEmpty { return user }
        guard let cookie else { return nil }
        for line in headers[cookie: cookie] { return line }
        return nil
    }
}

extension HTTPHeaders {
    /// The non-empty values of a cookie, in order (RFC 6265, section 4.2.1); quotes around a value are not part of it.
    subscript(cookie name: String) -> [String] {
        var values: [String] = []
        for line in self["cookie"] {
            for pair in line.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                guard let equals = trimmed.firstIndex(of: "="), trimmed[..<equals] == name else { continue }
                var value = trimmed[trimmed.index(after: equals)...]
                while value.last == " " { value.removeLast() }
                if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
                if !value.isEmpty { values.append(String(value)) }
            }
        }
        return values
    }
}
