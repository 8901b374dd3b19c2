import Foundation
import Model
import Testing

@testable import API

@Suite("The evidence of a proof in the API")
struct RegressionDocumentTests {
    private static func object(_ value: some Encodable) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }

    @Test func itIsWhatTheDocumentSays() throws {
        let check = try SchemaCheck(OpenAPIDocument.bytes)
        var rule = Sample.rules[0]
        rule.evidence?.regression = .sample
        rule.selfCheck = RegressionRecord.SelfCheckRecord(runs: 24, falseAlarms: 1)
        let object = try Self.object(RuleDocument(rule))
        let schema = try #require(check.resolve("#/components/schemas/Rule"))
        #expect(check.violations(object, schema: schema) == [])
        #expect((object["self_check"] as? [String: Int]) == ["runs": 24, "false_alarms": 1])
        let found = try #require(object["regression"] as? [String: Any])
        #expect(found["bar_log_evidence"] as? Double == 6.9 && found["worse"] as? Bool == true)
    }

    @Test func itComesBackForTheCommandLine() throws {
        var alert = Sample.alert
        alert.evidence.regression = .sample
        let data = try JSONEncoder().encode(AlertDocument(alert))
        #expect(try JSONDecoder().decode(AlertDocument.self, from: data).evidence.regression == .sample)
    }
}
