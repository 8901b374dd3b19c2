import Support

/// What precedes a destructive step: a backup that was verified in this run and is young enough.
extension ProcedureRun {
    /// The newest backup that was verified by a step before this one.
    public func backup(before step: Step) -> (found: BackupFound, maxAgeMs: Int64)? {
        checks(before: step).compactMap { check in
            guard check.state == .proved, let found = check.backup, let work = check.plan.work.backup else {
                return nil
            }
            return (found, work.maxAgeMs)
        }
        .max { $0.0.takenWallMs < $1.0.takenWallMs }
    }

    /// Why a destructive step must not be done now; nil when it may be, and for any other step.
    public func backupObstacle(of step: Step, atWallMs wallMs: Int64) -> String? {
        guard step.plan.isDestructive == true else { return nil }
        let name = step.plan.name
        guard let backup = backup(before: step) else {
            guard let check = checks(before: step).last else {
                return "\(name) cannot be taken back, and no step checks a backup"
            }
            return "\(name) cannot be taken back, and no backup was verified: \(check.plan.name) \(check.stateText)"
        }
        let ageMs = wallMs - backup.found.takenWallMs
        guard ageMs > backup.maxAgeMs else { return nil }
        return
            "\(name) cannot be taken back, and \(backup.found.name) is \(DurationText.minutes(ageMs)) old, more than "
            + "\(DurationText.minutes(backup.maxAgeMs)); take another one, and let \(checks(before: step).last?.plan.name ?? "") "
            + "verify it (`rollguard plan retry`)"
    }

    /// What an operator is to do, and of a destructive step how it would be taken back; nil for what the daemon does.
    public func instructions(for step: Step, atWallMs wallMs: Int64) -> String? {
        guard let text = step.plan.work.instructions else { return nil }
        guard step.plan.isDestructive == true, !step.isOver else { return text }
        if let obstacle = backupObstacle(of: step, atWallMs: wallMs) { return "not yet: \(obstacle). Then: \(text)" }
        guard let found = backup(before: step)?.found else { return text }
        let minutes = DurationText.minutes(max(0, wallMs - found.takenWallMs))
        return
            "\(text). It cannot be taken back. The backup is \(found.name), taken \(WallTime(wallMs: found.takenWallMs)); a "
            + "restore loses all that was written since, \(minutes) by now. To restore: first stop the traffic, then `\(found.restore)`"
    }

    /// A backup may be verified again while a destructive step that follows is not over: another one was taken, because the
    /// first is too old.
    public func mayVerifyAgain(_ step: Step) -> Bool {
        guard step.plan.work.backup != nil, let index = steps.firstIndex(where: { $0.plan.name == step.plan.name })
        else {
            return false
        }
        return steps[index...].contains { $0.plan.isDestructive == true && !$0.isOver }
    }

    private func checks(before step: Step) -> [Step] {
        let index = steps.firstIndex { $0.plan.name == step.plan.name } ?? 0
        return steps[..<index].filter { $0.plan.work.backup != nil }
    }
}

private enum DurationText {
    /// `34 minutes`, `26 hours 5 minutes`.
    static func minutes(_ ms: Int64) -> String {
        let all = ms / 60_000
        let (hours, minutes) = (all / 60, all % 60)
        let rest = "\(minutes) minute\(minutes == 1 ? "" : "s")"
        return hours == 0 ? rest : "\(hours) hour\(hours == 1 ? "" : "s") \(rest)"
    }
}
