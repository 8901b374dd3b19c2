import Model
import Ports
import Routers

/// Router calls: the real drivers run, and what they send goes over the world's network.
extension VirtualWorld {
    func startCall(_ release: Int, _ number: Int, _ kind: RouterCall.Kind, _ timeoutMs: Int64) {
        guard let life = daemon, let driver = life.drivers[release] else { return }
        if losesNextCall {
            losesNextCall = false
            return note("\(releases[release].name): call \(number) is lost in the daemon")
        }
        let id = calls.count
        calls.append(
            RouterCall(
                life: life.number, number: number, release: release, kind: kind, endsMs: nowMs + timeoutMs,
                instances: releases[release].routers.count))
        let answers = routerAnswers
        Task(executorPreference: executor) {
            await VirtualTransport.$call.withValue(id) {
                switch kind {
                case .apply(let split):
                    answers.give(.receipts(await driver.apply(split, timeoutMs: timeoutMs)), to: id)
                case .observe: answers.give(.observations(await driver.observe(timeoutMs: timeoutMs)), to: id)
                }
            }
        }
        runDrivers()
    }

    /// Lets the drivers work until all of them wait, and carries on what they did.
    func runDrivers() {
        executor.runUntilAllWait()
        for letter in transport.takeLetters() { post(letter) }
        for (call, answer) in routerAnswers.take() { finish(call, answer) }
    }

    /// The driver for a release, as the daemon makes it.
    func makeDriver(_ plan: ReleasePlan) -> any RouterDriver {
        do {
            return try RouterFactory.make(
                plan: plan.router, release: plan.name, versions: (plan.baseline.version, plan.canary.version),
                transport: transport, secrets: NoSecrets())
        } catch {
            preconditionFailure("the drawn router cannot be used: \(error)")
        }
    }

    // MARK: The network

    /// The limit is the world's, not the request's: the drivers' own arithmetic of time runs on the real clock.
    private func post(_ letter: VirtualTransport.Letter) {
        let call = calls[letter.call]
        guard let instance = instance(of: letter.request, call.release) else {
            preconditionFailure("\(letter.request.url) is no router of \(releases[call.release].name)")
        }
        let id = letters.count
        letters.append(letter)
        areLettersAnswered.append(false)
        after(call.endsMs - nowMs, .letterTimedOut(letter: id))
        let router = releases[call.release].routers[instance]
        if bug == .applyToFirstInstance, instance > 0, letter.request.method == "PUT" {
            return after(1, .letterAnswered(letter: id, answer: HTTPResponse(status: 200)))
        }
        if router.isLost, router.refusesWhenLost { return after(delayMs, .letterRefused(letter: id)) }
        if isLost || cutRouters[call.release] || router.isLost { return }
        after(delayMs / 2, .letterArrived(letter: id, instance: instance))
    }

    private func instance(of request: HTTPRequest, _ release: Int) -> Int? {
        releases[release].routers.firstIndex { request.url.hasPrefix($0.name + "/") }
    }

    /// A request arrives at a router. It does so even when the answer is no longer awaited.
    func letterArrived(_ id: Int, _ instance: Int) {
        let call = letters[id].call
        let release = calls[call].release
        let request = letters[id].request
        releases[release].serve(untilMs: nowMs)
        let before = releases[release].routers[instance].share
        let seen = bug == .observeFirstInstance && request.method == "GET" ? 0 : instance
        var answer = releases[release].routers[seen].answer(
            request, isBaselineUp: releases[release].baseline.contains { $0.isUp })
        let router = releases[release].routers[instance]
        if request.method == "GET" {
            calls[call].truth[instance] = router.share
            calls[call].lies[instance] = router.mood == .stale
            if bug == .receiptIsProof { answer = router.claimed ?? answer }
        }
        note("\(router.name): \(request.method): \(router.mood.rawValue), \(answer?.status ?? 0), is \(router.share)")
        if router.mood == .reverts, before != router.share {
            after(
                dice.ms(50...20_000),
                .reverted(release: release, instance: instance, share: before, revision: router.revision))
        }
        guard let answer, !isLost else { return }
        after(delayMs / 2, .letterAnswered(letter: id, answer: answer))
    }

    func answerLetter(_ id: Int, _ answer: Result<HTTPResponse, TransportError>) {
        guard !areLettersAnswered[id] else { return }
        areLettersAnswered[id] = true
        letters[id].resume(answer)
        runDrivers()
    }

    func letterTimedOut(_ id: Int) {
        answerLetter(id, .failure(.timedOut(address: letters[id].request.url, afterMs: 0)))
    }

    func letterRefused(_ id: Int) {
        answerLetter(id, .failure(.connectFailed(address: letters[id].request.url, reason: "refused")))
    }

    /// No task waits any more: a crash, or the end. A task that is never resumed would never be freed.
    func abandonLetters() {
        for letter in transport.takeLetters() { letter.resume(.failure(.closed)) }
        for id in letters.indices where !areLettersAnswered[id] { answerLetter(id, .failure(.closed)) }
    }

    func revert(_ release: Int, _ instance: Int, _ share: Int, _ revision: Int) {
        guard !isHealed, releases[release].routers[instance].revision == revision else { return }
        releases[release].serve(untilMs: nowMs)
        releases[release].routers[instance].share = share
        note("\(releases[release].routers[instance].name): put back to \(share)")
    }

    /// A driver has answered.
    private func finish(_ id: Int, _ answer: RouterAnswers.Answer) {
        let call = calls[id]
        guard isAlive(call.life) else { return }
        let name = releases[call.release].name
        switch answer {
        case .receipts(let receipts):
            send(.routerApplied(release: name, call: call.number, receipts: receipts))
        case .observations(let observations):
            checks.observed(call)
            send(.routerObserved(release: name, call: call.number, observations: observations))
        }
    }
}
