package import Model

/// nginx: by an include file that is written and loaded, or by an endpoint of its own that keeps the share in memory.
package enum NginxPlan: RouterSettings {
    package static let kind = "nginx"

    case include(NginxIncludePlan)
    case endpoint(NginxEndpointPlan)
}

/// A small file that nginx includes, written by Rollguard, checked with `nginx -t` and loaded with `nginx -s reload`.
package struct NginxIncludePlan: Sendable, Equatable {
    /// One nginx on this machine.
    package struct Instance: Sendable, Equatable {
        /// The include's path; its folder must be writable.
        package var file: String
        /// The program and the arguments that make it this instance: `/usr/sbin/nginx -c /etc/nginx/nginx.conf`.
        package var command: [String]
        /// Where the include's own state is served: `http://127.0.0.1:8080/.rollguard/checkout`.
        package var stateURL: String

        package init(file: String, command: [String], stateURL: String) {
            self.file = file
            self.command = command
            self.stateURL = stateURL
        }
    }

    /// A variable that is the canary's or the baseline's name, chosen for each request by the hash of a key.
    package struct Choice: Sendable, Equatable {
        /// `$checkout_by_user`.
        package var variable: String
        /// `$http_x_user_id`, `$request_id`.
        package var key: String

        package init(variable: String, key: String) {
            self.variable = variable
            self.key = key
        }
    }

    package enum Content: Sendable, Equatable {
        /// `split_clients` blocks, all with the same share; `baseline` and `canary` are what the variables become.
        case choices([Choice], baseline: String, canary: String)
        /// An `upstream` of that name with weights.
        case upstream(name: String, baseline: [String], canary: [String])
    }

    package var instances: [Instance]
    package var content: Content

    package init(instances: [Instance], content: Content) {
        self.instances = instances
        self.content = content
    }
}

/// An endpoint inside nginx (docs/tutorials/nginx.md) that takes and returns a percentage as JSON.
package struct NginxEndpointPlan: Sendable, Equatable {
    /// Addresses, one per instance: `http://127.0.0.1:8079`.
    package var instances: [String]
    /// `/split/checkout`.
    package var path: String
    package var security: ClientSecurity

    package init(instances: [String], path: String, security: ClientSecurity = ClientSecurity()) {
        self.instances = instances
        self.path = path
        self.security = security
    }
}
