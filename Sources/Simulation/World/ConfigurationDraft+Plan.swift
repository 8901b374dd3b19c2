import Model

/// The plan of a rollback: a flag, what must not run twice, what may, and something that is done by hand.
extension ConfigurationDraft.Release {
    var procedure: String {
        guard let plan else { return "" }
        let base = "http://\(name)\(VirtualPlanService.host)"
        let tries = "timeout: \(plan.timeoutMs)ms, retries: \(plan.retries), retry_after: 700ms, settle: 8s"
        var text = "\n    plan:\n      deadline: 40s\n      steps:\n"
        text += "        - {name: \(PlanChecker.flagStep), kind: flag, at: split, provider: unleash, url: \"\(base)\", "
        text += "project: default, environment: production, flag: new-checkout, variant: \"off\", \(tries), "
        text += "on_failure: \(plan.onFailureOfFlag.rawValue)}\n"
        text += "        - {name: cache, kind: http, url: \"\(base)\(VirtualPlanService.cachePath)\", "
        text += "idempotent: false, \(tries), on_failure: \(plan.onFailure.rawValue)}\n"
        text += "        - {name: publish, kind: http, at: split, url: \"\(base)\(VirtualPlanService.feedPath)\", "
        text += "idempotent: true, \(tries), on_failure: continue}\n"
        guard plan.hasPerson else { return text }
        return text + "        - {name: replay, kind: person, at: drained, drain_for: 5s, text: replay what is left}\n"
    }
}

extension ConfigurationDraft {
    struct DrawnPlan {
        var timeoutMs: Int64
        var retries: Int64
        var onFailure: ProcedureStep.OnFailure
        var onFailureOfFlag: ProcedureStep.OnFailure
        var hasPerson: Bool
    }
}
