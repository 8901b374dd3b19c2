import ReleaseKernel

/// What several routers share.
extension Fields {
    /// `{baseline: old, canary: new}`: what the pools are called there.
    func poolPair(_ name: String) -> PoolPair? {
        guard let names = required(name)?.fields(of: "'\(name)'", ["baseline", "canary"]) else { return nil }
        let baseline = names.required("baseline")?.routerName()
        let canary = names.required("canary")?.routerName()
        guard let baseline, let canary else { return nil }
        guard baseline != canary else {
            names["canary"]?.fail("\(Quote.value(canary)) is the baseline already; it cannot be both")
            return nil
        }
        return PoolPair(baseline: baseline, canary: canary)
    }

    /// `listen` and `file` of a router that fetches.
    func pull(_ folder: ConfigurationFolder) -> PullPlan? {
        let listen = required("listen").flatMap { field -> HostPort? in
            guard let text = field.line() else { return nil }
            do throws(AddressError) {
                let address = try HostPort(text)
                guard let port = address.port, port > 0 else {
                    throw AddressError(reason: "the router has to know the port, so it must be 1 to 65535")
                }
                return address
            } catch {
                field.fail(
                    "'listen' must be an address such as 127.0.0.1:9413, got \(Quote.value(text)); \(error.reason)")
                return nil
            }
        }
        let file = required("file")?.weightedFile(folder)
        guard let listen, let port = listen.port, let file else { return nil }
        return PullPlan(host: listen.host, port: port, file: file)
    }

    func failAtName(_ name: String, _ text: String) { self[name]?.log.error(namePlace(name), text) }
}

extension Field {
    /// A cluster, a service, a backend.
    func routerName() -> String? {
        guard let name = line(limit: 253) else { return nil }
        guard !name.contains(" ") else {
            fail("\(label) has a blank in it; a name has none")
            return nil
        }
        return name
    }

    /// A file whose weights are changed in place.
    func weightedFile(_ folder: ConfigurationFolder) -> String? {
        guard let path = line() else { return nil }
        guard !path.hasSuffix(".toml") else {
            fail("\(Quote.value(path)) is TOML; weights are changed in YAML or JSON files")
            return nil
        }
        return folder.path(path)
    }
}
