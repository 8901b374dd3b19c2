import Foundation
import Glibc
import Model
import SystemSupport

/// A file of flags for flagd (flagd.dev, flag definitions).
///
/// `state: DISABLED` is not used to switch a flag off: applications then take the value in their code, which may be another
/// one. The variant is set, and `targeting`, which would be asked first, is removed.
struct FlagdFile {
    private static let limitBytes = 8 << 20

    let path: String

    func set(_ flag: String, to variant: String) -> StepAnswer {
        var (document, mode): ([String: Any], UInt32)
        do throws(AnswerFailure) { (document, mode) = try read() } catch { return error.answer }
        guard var flags = document["flags"] as? [String: Any], var definition = flags[flag] as? [String: Any] else {
            return .refused("\(path) has no flag '\(flag)'")
        }
        guard let variants = definition["variants"] as? [String: Any], variants[variant] != nil else {
            return .refused("the flag '\(flag)' in \(path) has no variant '\(variant)'")
        }
        definition["defaultVariant"] = variant
        definition["targeting"] = nil
        flags[flag] = definition
        document["flags"] = flags
        guard
            let data = try? JSONSerialization.data(
                withJSONObject: document, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        else { return .refused("\(path) cannot be written as JSON") }
        var former = stat()
        let isKnown = stat(path, &former) == 0
        if let reason = ReplacedFile.write(Array(data), to: path) { return .failed(reason) }
        // The reader may be another user; what cannot be read for a moment is read again by flagd a second later.
        if isKnown { _ = chown(path, former.st_uid, former.st_gid) }
        _ = chmod(path, mode_t(mode & 0o777))
        return .done("\(path): \(flag) has the default variant \(variant) and no targeting")
    }

    /// The variant that everyone gets.
    func reading(of flag: String) -> FlagReading {
        let document: [String: Any]
        do throws(AnswerFailure) { document = try read().document } catch { return .unreadable(error.text) }
        let definition = (document["flags"] as? [String: Any])?[flag] as? [String: Any]
        guard let definition, let variant = definition["defaultVariant"] as? String else {
            return .absent("\(path) has no default variant of '\(flag)'")
        }
        let isEnabled = definition["state"] as? String ?? "ENABLED" == "ENABLED"
        let targeting = definition["targeting"] as? [String: Any] ?? [:]
        return .value(variant, isWhole: isEnabled && targeting.isEmpty, shown: path)
    }

    func check(at flag: String, wanted: String) -> StepAnswer {
        let document: [String: Any]
        do throws(AnswerFailure) { document = try read().document } catch { return .unreadable(error.text) }
        guard let definition = (document["flags"] as? [String: Any])?[flag] as? [String: Any] else {
            return .unreadable("\(path) has no flag '\(flag)'")
        }
        let variant = definition["defaultVariant"] as? String ?? ""
        let targeting = definition["targeting"] as? [String: Any] ?? [:]
        let state = definition["state"] as? String ?? "ENABLED"
        guard state == "ENABLED" else {
            return .notProved("\(flag) is \(state) in \(path): applications take the value in their code")
        }
        guard variant == wanted, targeting.isEmpty else {
            return .notProved(
                "\(flag) has the variant \(variant)\(targeting.isEmpty ? "" : " and targeting") in \(path)")
        }
        return .proved("\(path) has it; whether applications have read it was not asked")
    }

    func read() throws(AnswerFailure) -> (document: [String: Any], mode: UInt32) {
        let content: RegularFile.Content
        do { content = try RegularFile.read(path, limitBytes: FlagdFile.limitBytes) } catch {
            throw AnswerFailure(.failed("\(path) cannot be read: \(error.reason)"))
        }
        guard let document = try? JSONSerialization.jsonObject(with: Data(content.bytes)) as? [String: Any] else {
            throw AnswerFailure(.refused("\(path) is not a JSON object"))
        }
        return (document, content.permissions)
    }
}
