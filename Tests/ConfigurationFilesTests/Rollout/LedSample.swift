import ConfigurationFiles
import Model
import Testing

/// A small valid release with steps, of which tests change one piece.
enum LedSample {
    static let configuration = """
        state: /var/lib/rollguard
        releases:
          - name: checkout
            places:
              blue: {targets: ["10.0.0.1:9090"]}
              green: {targets: ["10.0.0.2:9090"]}
            start: {blue: v1.4.2}
            indicators: {requests: requests_total, errors: errors_total}
            router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
            steps:
              list: [1%, 10%, 100%]
              every: {min: 5m}
            rules:
              - name: g
                rules:
                  - {alert: Errors, indicator: error_rate, window: 1m, when: canary > 5%}
                  - {alert: Worse, indicator: error_rate, regression: {}, action: rollback}

        """

    static func changed(_ piece: String, to other: String) -> String {
        Sample.changed(piece, to: other, in: configuration)
    }

    /// The release of a configuration that is valid without a warning.
    static func release(_ text: String) throws -> ReleasePlan {
        let result = Sample.load(text)
        #expect(result.errors.isEmpty && result.warnings.isEmpty, "\(result.errors) \(result.warnings)")
        return try #require(result.plan).releases[0]
    }

    static func rollout(_ piece: String, to other: String) throws -> RolloutPlan {
        try #require(try release(changed(piece, to: other)).rollout)
    }

    /// Errors of the sample with the piece replaced, without the file's name.
    static func errors(_ piece: String, to other: String) -> [String] {
        Sample.errors(Sample.load(changed(piece, to: other))).map { String($0.dropFirst("rollguard.yaml:".count)) }
    }
}
