import Declarations
import Model

extension LeaseStoreReader {
    var kubernetes: Section<KubernetesLeasePlan> {
        Section(
            owner: "'store'", blank: KubernetesLeasePlan(),
            settings: [
                .value(
                    "address", \.address, .baseURL,
                    "the API server; without it the pod's own token and authority are used"),
                .required("namespace", \.namespace, Self.label(limit: 63), "where the Leases and ConfigMaps are"),
                .value("prefix", \.prefix, Self.label(limit: 30), "the begin of their names"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                takeMounted(&plan.security, fields)
                return true
            })
    }

    /// Inside a pod both the token and the authority's certificate are mounted; elsewhere nothing is guessed.
    private func takeMounted(_ security: inout ClientSecurity, _ fields: Fields) {
        guard !fields.has("address") else { return }
        let mounted = KubernetesLeasePlan.inClusterSecurity
        if !fields.has("auth"), security.certificateFile == nil { security.authorization = mounted.authorization }
        if security.caFile == nil, !security.insecureSkipVerify { security.caFile = mounted.caFile }
    }

    /// RFC 1123, a label.
    private static func label(limit: Int) -> ValueForm<String> {
        ValueForm<String>.line(limit: limit, "name").checked { name, field in
            let isPlain = name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            guard isPlain, name.first != "-", name.last != "-" else {
                field.fail(
                    "\(Quote.value(name)) is no name in Kubernetes; write lower-case letters, digits and '-', with none of the latter "
                        + "at the ends")
                return nil
            }
            return name
        }
    }
}
