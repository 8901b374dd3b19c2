/// The answers to the last 1 000 changes that had an `Idempotency-Key`.
struct IdempotencyMemory: Sendable {
    struct Answer: Sendable, Equatable {
        let digest: [UInt8]
        let response: AdminResponse
    }

    static let limit = 1_000
    private var answers: [String: Answer] = [:]
    /// Keys by age, as a ring: the next one to be replaced is at `oldest` once there are `limit`.
    private var keys: [String] = []
    private var oldest = 0

    func answer(to key: String) -> Answer? { answers[key] }

    mutating func remember(_ key: String, digest: [UInt8], response: AdminResponse) {
        if keys.count < Self.limit {
            keys.append(key)
        } else {
            answers[keys[oldest]] = nil
            keys[oldest] = key
            oldest = (oldest + 1) % Self.limit
        }
        answers[key] = Answer(digest: digest, response: response)
    }
}
