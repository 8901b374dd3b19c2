import ReleaseKernel

/// Reads `listen: 127.0.0.1:9411`, or the mapping with a token.
struct ListenReader {
    let folder: ConfigurationFolder

    func listen(_ field: Field) -> ListenPlan? {
        if case .text = field.value.content { return address(field) }
        guard let fields = field.fields(of: "'listen'", ["address", "token_file", "token_env"]) else { return nil }
        var plan = fields.has("address") ? fields["address"].flatMap(address) : ListenPlan()
        plan?.token = fields.secret("token", folder)
        return plan
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
