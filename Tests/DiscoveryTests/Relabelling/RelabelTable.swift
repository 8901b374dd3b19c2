import Discovery
import Foundation
import Testing

/// A line of `relabelling.jsonl`: `[name, address, labels, steps, outcome]`. The outcome is what Prometheus 2.42
/// showed at `/api/v1/targets?state=any` for this target: its labels, `dropped`, or `no address` where it reported
/// that error.
struct RelabelCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Equatable {
        case labels([String: String])
        case dropped
        case noAddress
    }

    let name: String
    let address: String
    let labels: [String: String]
    let rules: [RelabelRule]
    /// The steps as JSON, which is YAML too.
    let written: String
    let outcome: Outcome

    var testDescription: String { name }

    /// As each target has them before relabelling.
    static let defaults = [
        "job": "case", "__scheme__": "http", "__metrics_path__": "/metrics", "__scrape_interval__": "1h",
        "__scrape_timeout__": "10s",
    ]

    static let table: [RelabelCase] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("relabelling.jsonl")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any]).flatMap { try? RelabelCase($0) }
        }
    }()

    private init?(_ row: [Any]) throws {
        guard row.count == 5, let name = row[0] as? String, let address = row[1] as? String,
            let labels = row[2] as? [String: String], let steps = row[3] as? [[String: Any]]
        else { return nil }
        self.name = name
        self.address = address
        self.labels = labels
        rules = try steps.map(RelabelCase.rule)
        written = String(decoding: try JSONSerialization.data(withJSONObject: steps), as: UTF8.self)
        switch row[4] {
        case let labels as [String: String]: outcome = .labels(labels)
        case let text as String: outcome = text == "dropped" ? .dropped : .noAddress
        default: return nil
        }
    }

    /// What our relabelling makes of it, with what Prometheus does afterwards: labels that begin with `__` are
    /// removed, and the instance is the address where there is none.
    func ours() throws -> Outcome {
        let labels = LabelSet(self.labels.map { ($0, $1) })
            .over(LabelSet(RelabelCase.defaults.map { ($0, $1) } + [("__address__", address)]))
        switch Relabelling(try rules.map(RelabelStep.init)).outcome(of: labels) {
        case .dropped: return .dropped
        case .unusable(let reason):
            Issue.record("\(name): \(reason)")
            return .dropped
        case .kept(var labels):
            guard labels.has("__address__") else { return .noAddress }
            if !labels.has("instance") { labels["instance"] = labels["__address__"] }
            labels.keep { !$0.name.hasPrefix("__") }
            return .labels(Dictionary(uniqueKeysWithValues: labels.labels.map { ($0.name, $0.value) }))
        }
    }

    private static func rule(_ fields: [String: Any]) throws -> RelabelRule {
        var rule = RelabelRule()
        for (name, value) in fields {
            // `true` and `8080` are texts in YAML where a text is wanted.
            let json = try JSONSerialization.data(withJSONObject: [value])
            let text = value as? String ?? String(decoding: json.dropFirst().dropLast(), as: UTF8.self)
            switch try #require(RelabelRule.Field(rawValue: name)) {
            case .action: rule.action = try #require(RelabelRule.Action(rawValue: text.lowercased()))
            case .sourceLabels: rule.sourceLabels = try #require(value as? [String])
            case .separator: rule.separator = text
            case .regex: rule.regex = text
            case .modulus: rule.modulus = try #require(UInt64(text))
            case .targetLabel: rule.targetLabel = text
            case .replacement: rule.replacement = text
            }
        }
        return rule
    }
}
