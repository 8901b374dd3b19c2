import ReleaseKernel

/// Reads `listen: 127.0.0.1:9411`, or the mapping with a token.
struct ListenReader {
    let folder: ConfigurationFolder
    /// What holds where neither a token nor `changes` is set.
    var allowsLoopbackChanges = false
    /// Knows certificates and keys.
    var judgingTLS: TLSJudge = { _ in [] }

    func listen(_ field: Field) -> ListenPlan? {
        if case .text = field.value.content {
            var plan = address(field)
            plan?.allowsLoopbackChanges = allowsLoopbackChanges
            return plan
        }
        let names = ["address", "token_file", "token_env", "names", "changes", "tls"]
        guard let fields = field.fields(of: "'listen'", names) else { return nil }
        let plan = fields.has("address") ? fields["address"].flatMap(address) : ListenPlan()
        let token = fields.secret("token", folder)
        let hasToken = token != nil
        let knownNames = fields["names"].map { self.names($0) } ?? []
        let tls = fields["tls"].flatMap { self.tls($0) }
        if let plan, hasToken, !fields.has("tls") { warnOfClearText(plan, fields["address"]) }
        let isOpen =
            fields.has("changes")
            ? fields["changes"].map { allowsLoopbackChanges($0, hasToken: hasToken) } ?? false
            : allowsLoopbackChanges && !hasToken
        return plan.map {
            ListenPlan(
                host: $0.host, port: $0.port, token: token, names: knownNames, allowsLoopbackChanges: isOpen,
                tls: tls)
        }
    }

    private func warnOfClearText(_ plan: ListenPlan, _ address: Field?) {
        guard let address, plan.host != "localhost", !NetworkName.isLoopback(address: plan.host) else { return }
        address.log.warning(
            address.place,
            "the token goes to \(plan.host) without TLS and can be read on the network; add 'tls' to 'listen', or listen on "
                + "loopback behind a proxy that speaks TLS")
    }

    private func tls(_ field: Field) -> ListenTLS? {
        guard let fields = field.fields(of: "'tls'", ["cert_file", "key_file"]) else { return nil }
        let (certificateField, keyField) = (fields.required("cert_file"), fields.required("key_file"))
        guard let certificate = certificateField?.line(), let key = keyField?.line() else { return nil }
        let tls = ListenTLS(certificateFile: folder.path(certificate), keyFile: folder.path(key))
        for remark in judgingTLS(tls) {
            guard let place = remark.isAboutKey ? keyField : certificateField else { continue }
            if remark.isError { place.fail(remark.text) } else { place.log.warning(place.place, remark.text) }
        }
        return tls
    }

    /// Names as `Host` says them, without ports.
    private func names(_ field: Field) -> [String] {
        guard let entries = field.entries(of: "names") else { return [] }
        if entries.count > ListenReader.nameLimit {
            field.fail("'names' has more than \(ListenReader.nameLimit) entries")
        }
        return entries.compactMap { entry in
            guard let text = entry.line() else { return nil }
            guard let authority = Authority(text), authority.port == nil else {
                entry.fail("\(Quote.value(text)) is no host name; write it without scheme and port")
                return nil
            }
            return authority.host
        }
    }

    private static let nameLimit = 100

    /// `token` and `socket` say what holds anyway with a token and without one; only `loopback` changes something.
    private func allowsLoopbackChanges(_ field: Field, hasToken: Bool) -> Bool {
        guard let word = field.line() else { return false }
        switch (word, hasToken) {
        case ("token", true), ("socket", false): return false
        case ("loopback", false): return true
        case ("token", false): field.fail("'changes: token' needs a token; add 'token_file' or 'token_env'")
        case ("socket", true), ("loopback", true):
            field.fail(
                "'changes: \(word)' and a token exclude each other: with a token, whoever holds it may change something"
            )
        default: field.fail("'changes' must be token, socket or loopback, got \(Quote.value(word))")
        }
        return false
    }

    private func address(_ field: Field) -> ListenPlan? {
        guard let text = field.line() else { return nil }
        do throws(AddressError) {
            let address = try HostPort(text)
            guard let port = address.port else { throw AddressError(reason: "the port is missing; 0 takes a free one") }
            return ListenPlan(host: address.host, port: port)
        } catch {
            field.fail(
                "\(field.label) must be an address such as 127.0.0.1:9411 or [::1]:9411, got "
                    + "\(Quote.value(text)); \(error.reason)"
            )
            return nil
        }
    }
}
