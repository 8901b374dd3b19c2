import Centres
import ConfigurationFiles
import Daemon
import Declarations
import HTTPClient
import JournalStore
import Model
import SourceCalls
import SystemSupport

/// The configuration centre of a configuration file, for the commands that read and change it.
struct CentreDesk {
    let path: String
    let plan: Plan
    let centre: any Centre
    let store: CentreStore
    private let transport: CurlTransport

    /// - Throws: `Failure` when the configuration file is invalid or has no centre.
    init(path: String) throws {
        self.path = path
        do { plan = try ConfigurationFile(path: path).load() } catch { throw Failure.no("\(error)") }
        guard let wanted = plan.centre else {
            throw Failure.usage("error: \(path) has no 'centre'; its configuration is in the file alone")
        }
        let secrets = SystemSecretStore()
        transport = CurlTransport(userAgent: "Rollguard/\(Rollguard.version)", secrets: secrets)
        let setup = CallSetup(transport: transport, secrets: secrets, clock: SystemClock())
        guard let centre = CentreKinds.centre(wanted, setup) else {
            throw Failure.usage("error: this program has no centre of the kind '\(wanted.kind)'")
        }
        self.centre = centre
        store = CentreStore(stateDirectory: plan.daemon.stateDirectory)
    }

    /// Runs the body and closes the connections.
    func work<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            await transport.shutdown()
            return value
        } catch let error as SourceError {
            await transport.shutdown()
            throw error.status == 409 ? Failure.no("error: \(error.reason)") : .unreachable("error: \(error.reason)")
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// What the centre holds now.
    struct Content {
        var reading: CentreReading
        /// Nil when there is none, or none that can be read.
        var manifest: CentreManifest?
        /// The files of a configuration, without the manifest.
        var files: [CentreFile]
    }

    func content() async throws -> Content {
        let reading = try await centre.read()
        let manifest = reading.files.first { $0.path == CentrePaths.manifest }
        return Content(
            reading: reading, manifest: manifest.flatMap { try? ManifestText.parse($0.bytes) },
            files: reading.files.filter { CentrePaths.isConfiguration($0.path) })
    }

    /// Validates the files as the daemon would, and writes them with a manifest of the next revision.
    ///
    /// - Throws: `Failure` with every diagnostic; `SourceError`.
    func push(_ files: [CentreFile], claim: ConfigClaim) async throws {
        guard let writer = centre.writer else {
            throw Failure.usage(
                "error: Rollguard only reads a centre of the kind '\(plan.centre?.kind ?? "")'; publish there, with a manifest"
            )
        }
        let next = try validate(files)
        let now = try await content()
        if !claim.force { try refuseProbableErrors(now.files, files, next) }
        let change = CentreDifference(from: now.files, to: files)
        guard !change.isEmpty || now.manifest.map({ $0.revision <= claim.after }) ?? true else {
            return Terminal.say("\(centre.label): nothing has changed, revision \(now.reading.revision)")
        }
        let manifest = ManifestText.manifest(
            of: files, revision: nextRevision(after: now, claim),
            author: claim.author ?? CallerName.current, reason: claim.reason, isForced: claim.force)
        let operations = change.put.count + change.removed.count + 1
        guard operations <= writer.operationLimit else {
            throw Failure.no(
                "error: \(operations - 1) files change at once, and the centre takes \(writer.operationLimit - 1) in one "
                    + "transaction; put several releases into one file, or push in parts")
        }
        let revision = try await writer.write(
            CentreChange(
                files: change.put, removed: change.removed, manifest: ManifestText.encode(manifest),
                replacing: now.reading.manifestVersion))
        Terminal.say(
            "\(centre.label): manifest \(manifest.revision), revision \(revision): \(change.text)")
    }

    /// Greater than that of the centre, and than the one that was in force here: the centre may have lost its manifest. Other hosts
    /// may have a higher one, which the operator names.
    private func nextRevision(after now: Content, _ claim: ConfigClaim) -> Int64 {
        let kept = store.current().flatMap { $0.label == centre.label ? $0.state.manifest?.revision : nil }
        return max(now.manifest?.revision ?? 0, kept ?? 0, claim.after) + 1
    }

    /// What is refused here without `--force`, and what a daemon refuses while a release is in mid rollout, which only it knows.
    private func refuseProbableErrors(_ old: [CentreFile], _ new: [CentreFile], _ next: Plan) throws {
        let before = loaded(old).plan
        let check = before.map { ConfigurationGuard(from: $0, to: next) }
        if let reason = CentrePaths.removesTooMuch(from: old, to: new) ?? check?.disabled {
            throw Failure.no("error: nothing was written: \(reason); use --force if that is meant")
        }
        for release in before?.releases ?? [] {
            guard let kept = next.releases.first(where: { $0.name == release.name }) else { continue }
            for text in RuleWidening.texts(from: release.rules, to: kept.rules) {
                Terminal.complain(
                    "warning: \(release.name): \(text); a daemon refuses that while the release is in mid rollout, unless pushed with --force"
                )
            }
        }
    }

    private func loaded(_ files: [CentreFile]) -> Rulebook.Result {
        let state = CentreState(
            label: centre.label, revision: "", order: nil, digest: CentreDigest.of(files), manifest: nil, files: files)
        return Rulebook.load(configuration: path, files: DiskFiles(), kinds: .all, centre: state)
    }

    private func validate(_ files: [CentreFile]) throws -> Plan {
        let result = loaded(files)
        let errors = result.errors + result.impossible
        for diagnostic in result.warnings + errors { Terminal.complain("\(diagnostic)") }
        guard errors.isEmpty, let plan = result.plan else {
            throw Failure.no("error: nothing was written: \(errors.count) error\(errors.count == 1 ? "" : "s")")
        }
        return plan
    }
}

/// What has to be written so that a centre holds other files.
struct CentreDifference {
    let put: [CentreFile]
    let removed: [String]
    let text: String

    init(from old: [CentreFile], to new: [CentreFile]) {
        let before = Dictionary(old.map { ($0.path, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        put = new.filter { before[$0.path] != $0.bytes }
        removed = old.map(\.path).filter { path in !new.contains { $0.path == path } }
        let texts =
            put.map { (before[$0.path] == nil ? "added " : "changed ") + $0.path } + removed.map { "removed \($0)" }
        text = texts.isEmpty ? "no file differs" : texts.joined(separator: ", ")
    }

    var isEmpty: Bool { put.isEmpty && removed.isEmpty }
}
