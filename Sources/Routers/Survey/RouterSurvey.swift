import Model
package import Ports

/// What a router has, for proposing a configuration: groups of servers that share traffic.
package struct RouterSurvey: Sendable, Equatable {
    /// One backend of HAProxy, one handler of Caddy, one pair of weighted clusters of Envoy, one weighted service of Traefik,
    /// one upstream of nginx or one variable that is chosen between upstreams.
    package struct Group: Sendable, Equatable {
        /// As a configuration names it: the backend, the `@id`. Nil for a handler of Caddy without an `@id`.
        package let name: String?
        package let servers: [Server]
        /// Of Envoy: the prefix of the runtime keys; nil where the route reads none.
        package let runtimePrefix: String?
        /// Of Caddy: how the handler can hold a share; nil where its selection policy cannot.
        package let method: CaddyPlan.Method?
        /// Of nginx: where the split is written.
        package let place: NginxPlace?

        package init(
            name: String?, servers: [Server], runtimePrefix: String? = nil, method: CaddyPlan.Method? = nil,
            place: NginxPlace? = nil
        ) {
            self.name = name
            self.servers = servers
            self.runtimePrefix = runtimePrefix
            self.method = method
            self.place = place
        }
    }

    /// A server, or a cluster with all of its hosts.
    package struct Server: Sendable, Equatable {
        /// As a configuration names it: HAProxy's server, Caddy's dial address, Envoy's cluster.
        package let name: String
        /// `host:port` of each address that it sends to.
        package let addresses: [String]

        package init(name: String, addresses: [String]) {
            self.name = name
            self.addresses = addresses
        }
    }

    package let groups: [Group]

    package init(groups: [Group]) { self.groups = groups }
}

/// Why a router could not be surveyed, with what to do.
package struct RouterSurveyError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

extension RouterSurvey {
    private static let timeoutMs: Int64 = 5_000

    /// The backends of the HAProxy at a runtime socket.
    ///
    /// - Parameter address: a path or `host:port`.
    package static func haproxy(_ address: String) async throws(RouterSurveyError) -> RouterSurvey {
        let runtime: RuntimeAddress
        do throws(RouterPlanError) { runtime = try RuntimeAddress(address) } catch {
            throw RouterSurveyError(description: error.message)
        }
        let console = RuntimeConsole(name: address, address: runtime)
        do throws(RuntimeFailure) {
            let text = try await console.show("show servers state", deadline: Deadline(afterMs: timeoutMs))
            return RouterSurvey(groups: HAProxyServers.groups(text))
        } catch { throw RouterSurveyError(description: "\(address): \(Refusal(error).detail)") }
    }

    /// The reverse proxies of a Caddy, by its admin address.
    package static func caddy(
        _ address: String, transport: any HTTPTransport, secrets: any SecretStore
    ) async throws(RouterSurveyError) -> RouterSurvey {
        let document = try await document(address, "/config/", transport: transport, secrets: secrets)
        return RouterSurvey(groups: CaddyProxies.groups(document))
    }

    /// The weighted routes of an Envoy, by its admin address.
    package static func envoy(
        _ address: String, transport: any HTTPTransport, secrets: any SecretStore
    ) async throws(RouterSurveyError) -> RouterSurvey {
        let hosts = EnvoyHosts.byCluster(
            try await document(address, "/clusters?format=json", transport: transport, secrets: secrets))
        var routes: [EnvoyRoutes.Route] = []
        for kind in ["static_route_configs", "dynamic_route_configs"] {
            let path = "/config_dump?resource=\(kind)"
            routes +=
                EnvoyRoutes(
                    dump: try await document(address, path, transport: transport, secrets: secrets)
                ).routes
        }
        return RouterSurvey(groups: EnvoyHosts.groups(routes, hosts: hosts))
    }

    /// The weighted services of a Traefik, by the address of its API.
    package static func traefik(
        _ address: String, transport: any HTTPTransport, secrets: any SecretStore
    ) async throws(RouterSurveyError) -> RouterSurvey {
        let document = try await document(address, "/api/http/services", transport: transport, secrets: secrets)
        return RouterSurvey(groups: TraefikServices.groups(document))
    }

    /// What an nginx serves at the address that reports its split.
    package enum NginxAnswer: Sendable, Equatable {
        /// The state of an include that Rollguard writes.
        case include
        /// An endpoint that takes the share.
        case endpoint
    }

    /// Which of the two ways of driving nginx an address belongs to.
    ///
    /// - Parameter url: of the include's state, or of the endpoint.
    package static func nginxAnswer(
        _ url: String, transport: any HTTPTransport, secrets: any SecretStore
    ) async throws(RouterSurveyError) -> NginxAnswer {
        let document = try await document(url, "", transport: transport, secrets: secrets)
        if document["canary_basis_points"] != nil { return .include }
        if document["canary_percent"] != nil { return .endpoint }
        let shown = (try? InstanceAddress(url))?.name ?? "the address"
        throw RouterSurveyError(
            description: "\(shown) answers with neither 'canary_basis_points' nor "
                + "'canary_percent'; docs/tutorials/nginx.md shows what it has to serve")
    }

    /// The splits of the nginx on this machine.
    ///
    /// - Parameter command: the program, with its whole path, and the arguments that make it this nginx.
    package static func nginx(_ command: [String]) async throws(RouterSurveyError) -> RouterSurvey {
        do throws(NginxHostError) {
            let host = LocalNginxHost(outputLimitBytes: 8 << 20)
            let dump = try await host.run(command + ["-T", "-q"], timeoutMs: timeoutMs)
            guard dump.status == 0 else {
                let line = dump.output.split(separator: "\n").last { $0.contains("[emerg]") } ?? "no message"
                throw NginxHostError(reason: "\(command[0]) -T: \(ShownText.line(String(line), limit: 300))")
            }
            return RouterSurvey(groups: NginxSplits.groups(NginxDump.files(dump.output)))
        } catch { throw RouterSurveyError(description: error.reason) }
    }

    private static func document(
        _ address: String, _ path: String, transport: any HTTPTransport, secrets: any SecretStore
    ) async throws(RouterSurveyError) -> JSONValue {
        let instance: InstanceAddress
        do throws(RouterPlanError) { instance = try InstanceAddress.all([address])[0] } catch {
            throw RouterSurveyError(description: error.message)
        }
        let api = RouterAPI(
            transport: transport, secrets: secrets, security: ClientSecurity(),
            literals: [instance.password].compactMap { $0 })
        do throws(Refusal) {
            return try await api.document(
                RouterAPI.Call(url: instance.url + path, bodyLimitBytes: 16 << 20),
                deadline: Deadline(afterMs: timeoutMs))
        } catch { throw RouterSurveyError(description: "\(instance.name): \(error.detail)") }
    }
}
