import Declarations
import Model

extension LeaseStoreReader {
    var postgresql: Section<PostgresLeasePlan> {
        Section(
            owner: "'store'", blank: PostgresLeasePlan(),
            settings: [
                .required(
                    "endpoints", \.endpoints, Self.postgresEndpoints,
                    "servers of one cluster, tried in order for the one that can be written: `db-1:5432`, or the folder of a unix socket"
                ),
                .value("database", \.database, .line(limit: 63, "name"), "the database"),
                .value("user", \.user, .line(limit: 63, "name"), "who connects"),
                .secret("password", \.password, folder, "its password"),
                .value("schema", \.schema, Self.identifier(limit: 63), "where the tables are"),
                .value(
                    "prefix", \.prefix, Self.identifier(limit: 40),
                    "the begin of the tables' names; lower-case letters, digits and `_`"),
                .tls(\.security, folder).written { $0.security != ClientSecurity() },
            ],
            finish: { plan, fields in
                let security = plan.security
                guard fields.has("tls"), security.caFile == nil, !security.insecureSkipVerify else { return true }
                fields["tls"]?.fail(
                    "'tls' needs 'ca_file': libpq checks a server's certificate against no other authorities")
                return false
            })
    }

    private static var postgresEndpoints: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "endpoints").checked { endpoints, field in
            for endpoint in endpoints where !endpoint.hasPrefix("/") {
                do throws(AddressError) {
                    guard try HostPort(endpoint).port != nil else { throw AddressError(reason: "the port is missing") }
                } catch {
                    field.fail("\(Quote.value(endpoint)) is not an address such as db-1:5432: \(error.reason)")
                    return nil
                }
            }
            guard Set(endpoints).count == endpoints.count else {
                field.fail("an endpoint is listed twice")
                return nil
            }
            return endpoints
        }
    }

    /// A name that needs no quotes.
    private static func identifier(limit: Int) -> ValueForm<String> {
        ValueForm<String>.line(limit: limit, "name").checked { name, field in
            let isPlain = name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard isPlain, name.first?.isNumber == false else {
                field.fail(
                    "\(Quote.value(name)) cannot be used; write lower-case letters, digits and '_', beginning with no digit"
                )
                return nil
            }
            return name
        }
    }
}
