import Foundation

/// The name that commands send with a change, for the record of the incident: the user who ran `sudo`, else the login
/// name.
enum CallerName {
    static var current: String {
        let environment = ProcessInfo.processInfo.environment
        return environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "command line"
    }
}
