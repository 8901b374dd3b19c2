import Model

/// Where the releases of a fleet are.
extension DaemonOperations {
    /// What another member would take is answered with its address.
    func placed(_ release: String, _ answer: RolloutAnswer) -> RolloutAnswer {
        switch answer.outcome {
        case .refused(.notLeader):
            guard let address = addressOfOwner(release) else { return answer }
            var answer = answer
            answer.text += " (\(address))"
            return answer
        case .refused(.notFound):
            return watchedElsewhere(release).map { RolloutAnswer(.refused(.watchedElsewhere), $0) } ?? answer
        default: return answer
        }
    }

    /// The same of a command.
    func placed(_ release: String, _ result: CommandResult) -> CommandResult {
        switch result {
        case .refused(let text):
            guard let address = addressOfOwner(release) else { return result }
            return .refused(text: "\(text) (\(address))")
        case .notFound: return watchedElsewhere(release).map { .watchedElsewhere(text: $0) } ?? result
        case .accepted, .watchedElsewhere: return result
        }
    }

    /// Nil for a release that this member watches, and for one that is not in the configuration.
    private func watchedElsewhere(_ release: String) -> String? {
        guard let fleet = replicas.fleet, let shard = fleet.shard(of: release) else { return nil }
        return fleet.watchedElsewhere(release, shard)
    }

    /// Nil where this daemon leads the release itself, or none does.
    private func addressOfOwner(_ release: String) -> String? {
        let owner = replicas.fleet.flatMap { fleet in fleet.shard(of: release)?.owner.flatMap(fleet.member) }
        return owner.flatMap { $0.isSelf ? nil : $0.address }
    }
}
