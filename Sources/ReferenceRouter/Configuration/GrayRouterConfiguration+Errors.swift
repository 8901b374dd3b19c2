import Support

extension GrayRouterConfiguration {
    private static let backendLimit = 256

    /// Everything that is wrong, as `field: what is wrong`; empty when it can be used.
    var errors: [String] {
        addressErrors + strategyErrors + forcedErrors + networkErrors(trustedProxies, field: "trusted_proxies")
            + numberErrors + textErrors
    }

    private var addressErrors: [String] {
        var found: [String] = []
        for (field, backends) in [("baseline", baseline), ("canary", canary)] {
            if backends.isEmpty { found.append("\(field): at least one host:port is needed") }
            if backends.count > Self.backendLimit { found.append("\(field): more than \(Self.backendLimit) servers") }
            for backend in backends where (HostAndPort(backend)?.port ?? 0) == 0 {
                found.append("\(field): '\(backend.prefix(200))' is not host:port with a port of 1...65535")
            }
        }
        for (field, address) in [("listen", listen), ("admin_listen", adminListen)] where HostAndPort(address) == nil {
            found.append("\(field): '\(address.prefix(200))' is not host:port")
        }
        for name in adminNames where Authority(name).map({ $0.port != nil }) ?? true {
            found.append("admin_names: '\(name.prefix(200))' is not a host name without scheme and port")
        }
        return found
    }

    private var strategyErrors: [String] {
        switch strategy {
        case .userHash(nil, nil):
            return ["strategy: user_hash needs a header or a cookie to find the user by"]
        case .userHash(let header, let cookie):
            return [("header", header), ("cookie", cookie)].compactMap { field, name in
                guard let name, !isToken(name) else { return nil }
                return "strategy.\(field): '\(name.prefix(64))' is not a name (letters, digits and -._ and the like)"
            }
        case .region(let networks):
            let none = networks.isEmpty ? ["strategy.networks: at least one network is needed"] : []
            return none + networkErrors(networks, field: "strategy.networks")
        case .random:
            return []
        }
    }

    private var forcedErrors: [String] {
        guard let forced else { return [] }
        var found: [String] = []
        if forced.header == nil, forced.cookie == nil { found.append("forced: a header or a cookie is needed") }
        for (field, name) in [("header", forced.header), ("cookie", forced.cookie)] {
            guard let name, !isToken(name) else { continue }
            found.append("forced.\(field): '\(name.prefix(64))' is not a name (letters, digits and -._ and the like)")
        }
        let isPlain = forced.value.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ";") }
        if forced.value.isEmpty || forced.value.utf8.count > 128 || !isPlain {
            found.append("forced.value: 1 to 128 visible ASCII characters without ';' are needed")
        }
        return found
    }

    private func networkErrors(_ networks: [String], field: String) -> [String] {
        networks.filter { Network($0) == nil }.map {
            "\(field): '\($0.prefix(64))' is not a network such as 10.1.0.0/16, 2001:db8::/32 or a single address"
        }
    }

    private var numberErrors: [String] {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("initial_canary_basis_points", initialCanaryBasisPoints, 0...10_000),
            ("connect_timeout_ms", connectTimeoutMs, 1...600_000),
            ("response_timeout_ms", responseTimeoutMs, 1...3_600_000),
            ("idle_timeout_ms", idleTimeoutMs, 1...3_600_000),
        ]
        return ranges.filter { !$0.2.contains($0.1) }.map {
            "\($0.0): \($0.1) is outside \($0.2.lowerBound)...\($0.2.upperBound)"
        }
    }

    private var textErrors: [String] {
        var found: [String] = []
        if stateFile.isEmpty || stateFile.hasSuffix("/") { found.append("state_file: a file's path is needed") }
        for (field, version) in [("baseline_version", baselineVersion), ("canary_version", canaryVersion)] {
            // It goes into a response header.
            let isPlain = version.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            if version.isEmpty || version.utf8.count > 128 || !isPlain {
                found.append("\(field): 1 to 128 visible ASCII characters are needed")
            }
        }
        if baselineVersion == canaryVersion { found.append("canary_version: it must differ from baseline_version") }
        return found
    }
}

/// A token of RFC 9110, section 5.6.2: what header and cookie names are made of.
func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
}
