import NIOHTTP1

/// A request to the admin listener, whole.
struct AdminRequest: Sendable {
    var method: HTTPMethod
    /// Without the query.
    var path: String
    var headers = HTTPHeaders()
    var body: [UInt8] = []
}

/// Its answer.
struct AdminResponse: Sendable, Equatable {
    var status: HTTPResponseStatus
    var headers: [String: String]
    var body: String

    static func json(_ status: HTTPResponseStatus, _ text: String, headers: [String: String] = [:]) -> AdminResponse {
        var all = headers
        all["Content-Type"] = "application/json"
        all["Cache-Control"] = "no-store"
        return AdminResponse(status: status, headers: all, body: text + "\n")
    }

    static func error(
        _ status: HTTPResponseStatus, _ reason: String, headers: [String: String] = [:]
    ) -> AdminResponse {
        json(status, "{\"error\":\(quoted(reason))}", headers: headers)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20: quoted += " "
            default: quoted.unicodeScalars.append(isShowable(scalar) ? scalar : "?")
            }
        }
        return quoted + "\""
    }

    /// A request's own text comes back in refusals, and from there into terminals and logs: nothing that changes the
    /// direction or the line.
    private static func isShowable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
