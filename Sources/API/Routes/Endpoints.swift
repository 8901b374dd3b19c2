import Model
import Ports
import Support

/// What the routes that only read need.
struct Endpoints: Sendable {
    let operations: any Operations
    let version: String
    /// Documents are made on the reading thread.
    let desk = DocumentReader()
    let waiters = EventWaiters()
    /// One for all listeners.
    let book: HistoryBook
    let streams: StreamDocuments
    let reportKey: ReportKey

    func index() -> Answer {
        let width = Route.all.map { $0.method.rawValue.count + $0.pattern.count + 1 }.max() ?? 0
        let lines = Route.all.map { route in
            let call = "\(route.method.rawValue) \(route.pattern)"
            return call + String(repeating: " ", count: width - call.count + 2) + route.summary
        }
        return .text("Rollguard \(version)\n\n" + lines.joined(separator: "\n"))
    }

    func status() async -> Answer {
        let snapshot = await operations.snapshot()
        // A journal that cannot be read must not hide the state of the releases.
        let outbox = try? await operations.outbox()
        return await desk.make { .json(StatusDocument(snapshot: snapshot, outbox: outbox, version: version)) }
    }

    func releases() async -> Answer {
        let snapshot = await operations.snapshot()
        return await desk.make {
            .json(
                ReleasesDocument(
                    at: WallTime(wallMs: snapshot.atWallMs), releases: snapshot.releases.map { ReleaseDocument($0) }))
        }
    }

    func release(_ name: String) async -> Answer {
        let shown = await operations.snapshot()
        let releases = shown.releases
        guard let release = releases.first(where: { $0.name == name }) else {
            if let unit = shown.units.first(where: { $0.name == name }) {
                return await desk.make { .json(WholeUnitDocument(unit, in: shown)) }
            }
            return Endpoints.unknownRelease(name, in: shown, known: releases.map(\.name))
        }
        return await desk.make { .json(ReleaseDocument(release)) }
    }

    func incidents() async -> Answer {
        let snapshot = await operations.snapshot()
        return await desk.make {
            .json(
                IncidentsDocument(
                    at: WallTime(wallMs: snapshot.atWallMs),
                    incidents: snapshot.incidents.map { IncidentSummary($0, externalURL: snapshot.externalURL) }))
        }
    }

    func incident(_ id: String) async -> Answer {
        let snapshot = await operations.snapshot()
        let incidents = snapshot.incidents
        let known = incidents.first { $0.id == id }
        do {
            let entries = try await operations.entries(incident: id)
            // The snapshot holds the newest incidents; an older one comes from the journal alone.
            guard let incident = known ?? Incident(history: entries) else {
                return Endpoints.unknown("incident", id, known: incidents.map(\.id))
            }
            // A list that cannot be read hides nothing else.
            let fates = (try? await operations.fates(ofEntries: entries.map(\.sequence))) ?? []
            return await desk.make {
                .json(
                    IncidentDocument(incident, entries: entries, fates: fates, externalURL: snapshot.externalURL))
            }
        } catch {
            guard let known else {
                return .error("the journal cannot be read: \(error)", status: .serviceUnavailable, asJSON: true)
            }
            return .json(
                IncidentDocument(
                    known, entries: [], externalURL: snapshot.externalURL, journalProblem: "\(error)"))
        }
    }

    func rules() async -> Answer {
        let snapshot = await operations.snapshot()
        return await desk.make { .json(PrometheusRules(snapshot)) }
    }

    func alerts() async -> Answer {
        let snapshot = await operations.snapshot()
        return await desk.make { .json(PrometheusAlerts(snapshot)) }
    }

    func targets() async -> Answer {
        let (snapshot, reports) = (await operations.snapshot(), await operations.discovery())
        return await desk.make { .json(PrometheusTargets(snapshot, reports)) }
    }

    func replicas() async -> Answer {
        let snapshot = await operations.snapshot()
        return .json(ReplicasDocument(snapshot.replicas))
    }

    func fleet() async -> Answer {
        let snapshot = await operations.snapshot()
        return await desk.make { .json(FleetDocument(snapshot.fleet)) }
    }

    /// 404; in a fleet with the members that watch the release.
    static func unknownRelease(_ name: String, in shown: Snapshot, known: [String]) -> Answer {
        guard let fleet = shown.fleet, let shard = fleet.shard(of: name),
            let text = fleet.watchedElsewhere(name, shard)
        else { return unknown("release", name, known: known) }
        return watchedElsewhere(text)
    }

    static func watchedElsewhere(_ text: String) -> Answer {
        .json(ErrorDocument(error: text, code: RefusalCode.watchedElsewhere.rawValue), status: .notFound)
    }

    func openAPI() -> Answer {
        Answer(status: .ok, contentType: "application/json", body: OpenAPIDocument.bytes)
    }

    func metrics() async -> Answer {
        Answer(
            status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: Array(await operations.metricsExposition().utf8))
    }

    func healthy() -> Answer { .text("healthy") }

    func ready() async -> Answer {
        guard let reason = await operations.unreadyReason() else { return .text("ready") }
        return .text("not ready: \(reason)", status: .serviceUnavailable)
    }

    /// 404 that shows what there is, up to ten names.
    static func unknown(_ what: String, _ name: String, known: [String]) -> Answer {
        let names = known.prefix(10).joined(separator: ", ")
        let list = known.isEmpty ? "there is none" : "there are: \(names)\(known.count > 10 ? ", …" : "")"
        return .error("no \(what) is named \"\(name.prefix(100))\"; \(list)", status: .notFound, asJSON: true)
    }
}
