import Foundation

extension GrayRouterConfiguration: Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case stateFile = "state_file"
        case baseline, canary, strategy, forced
        case initialCanaryBasisPoints = "initial_canary_basis_points"
        case listen
        case adminListen = "admin_listen"
        case tokenFile = "token_file"
        case adminNames = "admin_names"
        case trustedProxies = "trusted_proxies"
        case connectTimeoutMs = "connect_timeout_ms"
        case responseTimeoutMs = "response_timeout_ms"
        case idleTimeoutMs = "idle_timeout_ms"
        case baselineVersion = "baseline_version"
        case canaryVersion = "canary_version"
    }

    /// Reads the JSON form; fields that it does not know are refused.
    package init(from decoder: any Decoder) throws {
        try refuseUnknownFields(in: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func optional<Value: Decodable>(_ key: CodingKeys, _ standard: Value) throws -> Value {
            try fields.decodeIfPresent(Value.self, forKey: key) ?? standard
        }
        self.init(
            stateFile: try fields.decode(String.self, forKey: .stateFile),
            baseline: try fields.decode([String].self, forKey: .baseline),
            canary: try fields.decode([String].self, forKey: .canary),
            strategy: try fields.decode(Strategy.self, forKey: .strategy),
            initialCanaryBasisPoints: try fields.decode(Int.self, forKey: .initialCanaryBasisPoints),
            listen: try optional(.listen, Defaults.listen),
            adminListen: try optional(.adminListen, Defaults.listen),
            tokenFile: try fields.decodeIfPresent(String.self, forKey: .tokenFile),
            trustedProxies: try optional(.trustedProxies, []),
            connectTimeoutMs: try optional(.connectTimeoutMs, Defaults.connectTimeoutMs),
            responseTimeoutMs: try optional(.responseTimeoutMs, Defaults.responseTimeoutMs),
            idleTimeoutMs: try optional(.idleTimeoutMs, Defaults.idleTimeoutMs),
            baselineVersion: try optional(.baselineVersion, Defaults.baselineVersion),
            canaryVersion: try optional(.canaryVersion, Defaults.canaryVersion),
            adminNames: try optional(.adminNames, []),
            forced: try fields.decodeIfPresent(Forced.self, forKey: .forced))
    }
}

extension GrayRouterConfiguration {
    /// Writes the JSON form, every field.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(stateFile, forKey: .stateFile)
        try fields.encode(baseline, forKey: .baseline)
        try fields.encode(canary, forKey: .canary)
        try fields.encode(strategy, forKey: .strategy)
        try fields.encodeIfPresent(forced, forKey: .forced)
        try fields.encode(initialCanaryBasisPoints, forKey: .initialCanaryBasisPoints)
        try fields.encode(listen, forKey: .listen)
        try fields.encode(adminListen, forKey: .adminListen)
        try fields.encodeIfPresent(tokenFile, forKey: .tokenFile)
        try fields.encode(adminNames, forKey: .adminNames)
        try fields.encode(trustedProxies, forKey: .trustedProxies)
        try fields.encode(connectTimeoutMs, forKey: .connectTimeoutMs)
        try fields.encode(responseTimeoutMs, forKey: .responseTimeoutMs)
        try fields.encode(idleTimeoutMs, forKey: .idleTimeoutMs)
        try fields.encode(baselineVersion, forKey: .baselineVersion)
        try fields.encode(canaryVersion, forKey: .canaryVersion)
    }
}

/// `{"header": "X-Canary", "value": "yes"}`, `{"cookie": "canary", "value": "yes"}`
extension GrayRouterConfiguration.Forced: Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case header, cookie, value
    }

    /// Reads the JSON form; fields that it does not know are refused.
    package init(from decoder: any Decoder) throws {
        try refuseUnknownFields(in: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        header = try fields.decodeIfPresent(String.self, forKey: .header)
        cookie = try fields.decodeIfPresent(String.self, forKey: .cookie)
        value = try fields.decode(String.self, forKey: .value)
    }

    /// Writes the JSON form.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(header, forKey: .header)
        try fields.encodeIfPresent(cookie, forKey: .cookie)
        try fields.encode(value, forKey: .value)
    }
}

/// `{"kind": "user_hash", "header": "X-User-Id"}`, `{"kind": "region", "networks": ["10.0.0.0/8"]}`, `{"kind": "random"}`
extension GrayRouterConfiguration.Strategy: Codable {
    enum CodingKeys: String, CodingKey {
        case kind, header, cookie, networks
    }

    /// Reads the JSON form; fields that do not belong to the kind are refused.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try fields.decode(String.self, forKey: .kind)
        switch kind {
        case "user_hash":
            try refuseUnknownFields(in: decoder, known: ["kind", "header", "cookie"])
            self = .userHash(
                header: try fields.decodeIfPresent(String.self, forKey: .header),
                cookie: try fields.decodeIfPresent(String.self, forKey: .cookie))
        case "region":
            try refuseUnknownFields(in: decoder, known: ["kind", "networks"])
            self = .region(networks: try fields.decode([String].self, forKey: .networks))
        case "random":
            try refuseUnknownFields(in: decoder, known: ["kind"])
            self = .random
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: fields,
                debugDescription: "'\(kind)' is not a strategy; use user_hash, region or random")
        }
    }

    /// Writes the JSON form.
    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .userHash(let header, let cookie):
            try fields.encode("user_hash", forKey: .kind)
            try fields.encodeIfPresent(header, forKey: .header)
            try fields.encodeIfPresent(cookie, forKey: .cookie)
        case .region(let networks):
            try fields.encode("region", forKey: .kind)
            try fields.encode(networks, forKey: .networks)
        case .random:
            try fields.encode("random", forKey: .kind)
        }
    }
}

/// A key that takes whatever name there is.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// An unknown field is a mistyped field whose default would silently apply.
func refuseUnknownFields(in decoder: any Decoder, known: [String]) throws {
    let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    guard let unknown = names.first(where: { !known.contains($0) }) else { return }
    throw DecodingError.dataCorrupted(
        .init(
            codingPath: decoder.codingPath,
            debugDescription: "unknown field '\(unknown.prefix(64))'; the fields are \(known.joined(separator: ", "))"))
}

/// A decoding error as `field: what is wrong`.
func text(for error: any Error) -> String {
    func place(_ path: [any CodingKey], _ last: String? = nil) -> String {
        let names = path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue } + (last.map { [$0] } ?? [])
        return names.isEmpty ? "" : names.joined(separator: ".").replacingOccurrences(of: ".[", with: "[") + ": "
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
        return place(context.codingPath, key.stringValue) + "this field is needed"
    case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
        return place(context.codingPath) + "wrong type; \(noun(for: type)) is needed here"
    case DecodingError.dataCorrupted(let context):
        let isSyntax = context.debugDescription.hasPrefix("The given data was not valid JSON")
        return place(context.codingPath) + (isSyntax ? "this is not valid JSON" : context.debugDescription)
    default:
        return "it cannot be read"
    }
}

private func noun(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Int.Type: "a whole number"
    case is Double.Type: "a number"
    case is [String].Type, is [Any].Type: "a list"
    default: "an object"
    }
}
