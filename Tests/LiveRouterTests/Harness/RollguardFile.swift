/// The rollguard.yaml of a scene whose router has no page with a whole one.
enum RollguardFile {
    /// The pages have the default proof, which takes six seconds of silence; with dozens of rollbacks that adds up.
    static func withShortProof(_ text: String) -> String {
        if text.contains("proof:") { return text }
        return text.replacing("\n    rules:", with: "\n    proof: {below: 3/s}\n    rules:", maxReplacements: 1)
    }

    /// - Parameter router: a `router:` block as it would be at the left margin, or a whole file.
    static func complete(_ router: String) -> String {
        if router.contains("releases:") { return router }
        let block = router.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        return """
            state: state
            listen: 127.0.0.1:9411
            releases:
              - name: checkout
                scrape: {interval: 500ms, timeout: 400ms}
                pools:
                  baseline: {version: v1, targets: ["127.0.0.1:8081"]}
                  canary:   {version: v2, targets: ["127.0.0.1:8082"]}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
            \(block.joined(separator: "\n"))
                rollback: {observe_every: 500ms}
                rules:
                  - name: checkout
                    rules:
                      - alert: CanaryErrorRate
                        indicator: error_rate
                        window: 5s
                        when: canary > 2 * baseline and canary > 5%
                        min_requests: 20
                        action: rollback

            """
    }
}
