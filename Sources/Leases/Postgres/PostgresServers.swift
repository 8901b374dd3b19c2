import Model
import Ports
import SourceCalls

/// How the servers of a plan are reached.
enum PostgresServers {
    private static let defaultPort = "5432"

    /// - Parameter password: nil leaves it to libpq, which knows a file of passwords and other ways.
    static func settings(_ plan: PostgresLeasePlan, password: String?) -> [PostgresSettings] {
        plan.endpoints.map { endpoint in
            let (host, port) = place(endpoint)
            var pairs = [
                ("host", host), ("port", port), ("dbname", plan.database), ("user", plan.user),
                ("client_encoding", "UTF8"), ("application_name", "rollguard"),
                // Of a cluster, the server that can be written.
                ("target_session_attrs", "read-write"),
            ]
            if let password { pairs.append(("password", password)) }
            return PostgresSettings(name: endpoint, pairs: pairs + security(plan.security))
        }
    }

    /// libpq's documentation, "SSL Support": `verify-full` checks the certificate and the name.
    private static func security(_ security: ClientSecurity) -> [(String, String)] {
        var pairs: [(String, String)] = []
        if let certificate = security.certificateFile { pairs.append(("sslcert", certificate)) }
        if let key = security.keyFile { pairs.append(("sslkey", key)) }
        if security.insecureSkipVerify { return pairs + [("sslmode", "require")] }
        guard let authorities = security.caFile else { return pairs + [("sslmode", "prefer")] }
        return pairs + [("sslmode", "verify-full"), ("sslrootcert", authorities)]
    }

    /// `db-1:5432`, `[::1]:5432`, `/run/postgresql`, `/run/postgresql:5433`
    private static func place(_ endpoint: String) -> (host: String, port: String) {
        guard let colon = endpoint.lastIndex(of: ":") else { return (endpoint, defaultPort) }
        let host = endpoint[..<colon].filter { $0 != "[" && $0 != "]" }
        return (String(host), String(endpoint[endpoint.index(after: colon)...]))
    }
}
