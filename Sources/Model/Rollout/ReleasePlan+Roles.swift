/// Which place of a release has which role.
extension ReleasePlan {
    /// The plan as its pools are at present: their versions from the record, the roles turned where it says so.
    ///
    /// - Parameter deployment: of this service; its places are named as this plan's, in the same order.
    public func assigned(_ deployment: DeploymentRecord) -> ReleasePlan {
        guard rollout != nil, !isTurned, deployment.places.map(\.name) == places else { return self }
        var next = self
        next.baseline.version = deployment.places[0].running?.version ?? ReleasePlan.noVersion
        next.canary.version = deployment.places[1].running?.version ?? ReleasePlan.noVersion
        if let targets = deployment.places[0].targets { next.baseline.targets = targets }
        if let targets = deployment.places[1].targets { next.canary.targets = targets }
        guard deployment.isTurned else { return next }
        swap(&next.baseline, &next.canary)
        next.isTurned = true
        return next
    }

    /// What a place without a known version is shown with.
    public static let noVersion = "none"

    /// Before the first rollout: what the configuration says.
    public var configuredDeployment: DeploymentRecord {
        func running(_ pool: PoolPlan) -> VersionIdentity? {
            pool.version == ReleasePlan.noVersion ? nil : VersionIdentity(pool.version)
        }
        var record = DeploymentRecord(places: [
            .init(name: places[0], running: running(baseline)), .init(name: places[1], running: running(canary)),
        ])
        // What serves alone is the baseline, whichever place it is in.
        record.isTurned = record.places[0].running == nil && record.places[1].running != nil
        return record
    }
}
