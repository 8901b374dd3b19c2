/// What a load generator has sent and got back. When it has stopped, `sent == ok + failed + broken`.
package struct LoadStatistics: Sendable, Equatable {
    /// Requests that were due, including those that found no connection.
    package internal(set) var sent = 0
    /// Answers below 500.
    package internal(set) var ok = 0
    /// Answers of 500 and above.
    package internal(set) var failed = 0
    /// Requests without a whole answer: refused, cut off, too slow (5 s), or not sent because all connections were busy.
    package internal(set) var broken = 0
    /// Requests that were sent twice, because the connection was closed without a byte of an answer to the first.
    package internal(set) var repeated = 0
    /// The first tries of these, by the name in their `X-Demo-Request`; at most 1 000. One that no service has seen met a
    /// connection that was being closed. One that was seen was cut off.
    package internal(set) var repeatedNames: Set<String> = []
    /// Answers by the `X-Rollguard-Version` or else the `X-Demo-Version` response header; without the header under the empty name.
    package internal(set) var answersByVersion: [String: Int] = [:]
    /// The failed ones of them.
    package internal(set) var failuresByVersion: [String: Int] = [:]

    /// Nothing sent yet.
    package init() {}

    mutating func repeats(_ request: LoadRequest) {
        repeated += 1
        if repeatedNames.count < 1_000 { repeatedNames.insert(request.name) }
    }

    mutating func answered(status: Int, version: String) {
        answersByVersion[version, default: 0] += 1
        if status >= 500 {
            failed += 1
            failuresByVersion[version, default: 0] += 1
        } else {
            ok += 1
        }
    }
}
