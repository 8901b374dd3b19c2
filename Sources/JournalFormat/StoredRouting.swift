import Model

/// A router instance's answer to a call.
struct StoredReceipt: StoredRecord {
    let instance: String
    let outcome: String
    let detail: String

    init(_ receipt: RouterReceipt) {
        (instance, outcome, detail) = (receipt.instance, receipt.outcome.rawValue, receipt.detail)
    }

    func model() throws -> RouterReceipt {
        RouterReceipt(instance: instance, outcome: try storedCase(outcome), detail: detail)
    }
}

/// What a router instance showed when it was polled.
struct StoredObservation: StoredRecord {
    let instance: String
    let canaryBasisPoints: Int?
    let level: String
    let revision: String?
    let problem: String?
    let baselineHealthy: Bool?
    let isWritable: Bool?

    init(_ observation: RouterObservation) {
        (instance, canaryBasisPoints) = (observation.instance, observation.canaryBasisPoints)
        (level, revision, problem) = (observation.level.rawValue, observation.revision, observation.problem)
        (baselineHealthy, isWritable) = (observation.baselineHealthy, observation.isWritable)
    }

    func model() throws -> RouterObservation {
        RouterObservation(
            instance: instance, canaryBasisPoints: canaryBasisPoints, level: try storedCase(level),
            revision: revision, problem: problem, baselineHealthy: baselineHealthy, isWritable: isWritable)
    }
}
