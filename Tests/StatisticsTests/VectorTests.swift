import Testing

@testable import Statistics

/// Every golden vector to the tolerance that is written in its file.
@Suite("Golden vectors", .enabled(if: Vectors.isThere, Vectors.missing))
struct VectorTests {
    private struct PairFile: Decodable {
        struct Case: Decodable {
            struct Configuration: Decodable {
                let r, alpha, w_start, late_scale, late_beta, half_life, a0, m0, min_block: Double
                let grid: [Double]
                let mode: String
            }
            struct Step: Decodable {
                let t, nA, kA, nB, kB, phi, log_e, p_value: Double
                let fired: Bool
                let blocks: Int
            }
            let name: String
            let config: Configuration
            let steps: [Step]
        }
        let tolerance: Double
        let cases: [Case]
    }

    @Test(arguments: ["pair", "pair_big"])
    func pairDetector(_ file: String) throws {
        let document: PairFile = try Vectors.load(file)
        var deviation = Deviation()
        for one in document.cases {
            let config = one.config
            var settings = config.mode == "safe" ? PairDetector.Settings.safe(below: config.r) : .worse(than: config.r)
            #expect(settings.effects == config.grid)
            settings.prior = StartPrior(
                startWeight: config.w_start, scaleSeconds: config.late_scale, decay: config.late_beta)
            settings.halfLifeSeconds = config.half_life
            settings.supposedRate = config.a0
            settings.supposedRequests = config.m0
            settings.blockRequests = config.min_block
            var detector = PairDetector(settings)
            for step in one.steps {
                detector.take(
                    PairCounts(
                        baselineRequests: step.nA, baselineBad: step.kA, canaryRequests: step.nB, canaryBad: step.kB),
                    atSeconds: step.t, dispersion: step.phi)
                deviation.note(detector.logE, step.log_e)
                deviation.note(pValue(detector.maxLogE), step.p_value)
                #expect(detector.blocks == step.blocks, "\(one.name) at \(step.t)")
                #expect((detector.maxLogE >= bar(config.alpha)) == step.fired, "\(one.name) at \(step.t)")
            }
        }
        report(file, deviation, document.tolerance)
    }

    private struct ShareFile: Decodable {
        struct Case: Decodable {
            struct Configuration: Decodable {
                let r, alpha, w_start, late_scale, late_beta, block_seconds: Double
                let lam: [Double]
            }
            struct Step: Decodable {
                let t, nA, kA, nB, kB, log_e, p_value: Double
                let fired: Bool
            }
            let name: String
            let config: Configuration
            let steps: [Step]
        }
        let tolerance: Double
        let cases: [Case]
    }

    @Test func shareBetting() throws {
        let document: ShareFile = try Vectors.load("share")
        var deviation = Deviation()
        for one in document.cases {
            let config = one.config
            let prior = StartPrior(
                startWeight: config.w_start, scaleSeconds: config.late_scale, decay: config.late_beta)
            var detector = ShareBetting(
                ShareBetting.Settings(ratio: config.r, prior: prior, blockSeconds: config.block_seconds))
            #expect(detector.settings.stakes == config.lam)
            for step in one.steps {
                detector.take(
                    PairCounts(
                        baselineRequests: step.nA, baselineBad: step.kA, canaryRequests: step.nB, canaryBad: step.kB),
                    atSeconds: step.t)
                deviation.note(detector.logE, step.log_e)
                deviation.note(pValue(detector.maxLogE), step.p_value)
                #expect((detector.maxLogE >= bar(config.alpha)) == step.fired, "\(one.name) at \(step.t)")
            }
        }
        report("share", deviation, document.tolerance)
    }

    private struct FloorFile: Decodable {
        struct Case: Decodable {
            struct Configuration: Decodable {
                let f, w_start, late_scale, late_beta: Double
                let mode: FloorDetector.Side
                let mult: [Double]
            }
            struct Step: Decodable { let t, nB, kB, log_e: Double }
            let name: String
            let config: Configuration
            let steps: [Step]
        }
        let tolerance: Double
        let cases: [Case]
    }

    @Test func floorDetector() throws {
        let document: FloorFile = try Vectors.load("floor")
        var deviation = Deviation()
        for one in document.cases {
            let config = one.config
            let prior = StartPrior(
                startWeight: config.w_start, scaleSeconds: config.late_scale, decay: config.late_beta)
            var detector = FloorDetector(floor: config.f, side: config.mode, prior: prior)
            #expect(config.mode.oddsMultipliers == config.mult)
            for step in one.steps {
                detector.take(requests: step.nB, bad: step.kB, atSeconds: step.t)
                deviation.note(detector.logE, step.log_e)
            }
        }
        report("floor", deviation, document.tolerance)
    }

    private struct DispersionFile: Decodable {
        struct Case: Decodable {
            struct Step: Decodable {
                let t, dt, phi: Double
                let counts: [String: [Double]]
            }
            let name: String
            let block_seconds: [Double]
            let phi0, k0, z: Double
            let steps: [Step]
        }
        let tolerance: Double
        let cases: [Case]
    }

    @Test func dispersion() throws {
        let document: DispersionFile = try Vectors.load("dispersion")
        var deviation = Deviation()
        for one in document.cases {
            var dispersion = Dispersion(
                Dispersion.Settings(
                    blockSeconds: one.block_seconds, supposed: one.phi0, supposedErrors: one.k0, caution: one.z))
            #expect(dispersion.settings == Dispersion.Settings())
            for step in one.steps {
                var counts = InstanceCounts(slots: 0)
                for (slot, instance) in step.counts.sorted(by: { $0.key < $1.key }).enumerated() {
                    counts.add(requests: instance.value[0], bad: instance.value[1], slot: slot)
                }
                dispersion.take(counts, endSeconds: step.t, coveredSeconds: step.dt)
                deviation.note(dispersion.factor, step.phi)
            }
        }
        report("dispersion", deviation, document.tolerance)
    }

    private struct ReleaseFile: Decodable {
        struct Case: Decodable {
            struct Configuration: Decodable {
                let bounds: [Double]
                let alpha, beta, r_err, r_lat, safe_ratio, error_floor, w_err: Double
            }
            struct Step: Decodable {
                let t, nA, kA, nB, kB, log_e, err_log_e, safe_log_e, max_log_e: Double
                let hA, hB, lat_log_e: [Double]
                let decision: String
            }
            let name: String
            let config: Configuration
            let steps: [Step]
        }
        let tolerance: Double
        let cases: [Case]
    }

    @Test func releaseWatch() throws {
        let document: ReleaseFile = try Vectors.load("release")
        var deviation = Deviation()
        for one in document.cases {
            let config = one.config
            let errors = Comparison.Settings(ratio: config.r_err, floor: config.error_floor)
            var watch = ReleaseWatch(
                falseAlarm: config.alpha, errorWeight: config.w_err, errors: Comparison(errors))
            watch.adopt(
                boundsSeconds: config.bounds,
                comparisons: config.bounds.map { _ in Comparison(Comparison.Settings(ratio: config.r_lat)) })
            // The reference proves the canary good against the ratio alone, whatever the floor.
            var safe = Comparison(Comparison.Settings(ratio: config.r_err, safeRatio: config.safe_ratio))
            for step in one.steps {
                let counts = PairCounts(
                    baselineRequests: step.nA, baselineBad: step.kA, canaryRequests: step.nB, canaryBad: step.kB)
                watch.take(errors: counts, slow: slow(step.hA, step.hB), atSeconds: step.t)
                safe.take(counts, atSeconds: step.t, dispersion: 1)
                deviation.note(watch.errors?.relativeLogE ?? .nan, step.err_log_e)
                deviation.note(safe.safeLogE ?? .nan, step.safe_log_e)
                for (found, expected) in zip(watch.latency, step.lat_log_e) { deviation.note(found.logE, expected) }
                deviation.note(watch.logE, step.log_e)
                deviation.note(watch.maxLogE, step.max_log_e)
                let isSafe = safe.maxSafeLogE >= bar(config.beta)
                let decision = watch.isWorse ? "rollback" : isSafe ? "errors-safe" : "undecided"
                #expect(decision == step.decision, "\(one.name) at \(step.t)")
            }
        }
        report("release", deviation, document.tolerance)
    }

    /// Buckets, not cumulative, as counts of what is slower than each boundary.
    private func slow(_ baseline: [Double], _ canary: [Double]) -> [PairCounts?] {
        let (all, allCanary) = (baseline.reduce(0, +), canary.reduce(0, +))
        var (fast, fastCanary) = (0.0, 0.0)
        return zip(baseline, canary).dropLast().map { one, other in
            fast += one
            fastCanary += other
            return PairCounts(
                baselineRequests: all, baselineBad: all - fast, canaryRequests: allCanary,
                canaryBad: allCanary - fastCanary)
        }
    }

    private struct PlanningFile: Decodable {
        struct Row: Decodable { let pA, pB, share, r, growth, requests: Double }
        let tolerance: Double
        let rows: [Row]
    }

    @Test func planning() throws {
        let document: PlanningFile = try Vectors.load("planning")
        var deviation = Deviation()
        for row in document.rows {
            let question = Planning.Question(canaryShare: row.share, ratio: row.r, barLogE: bar(0.01))
            deviation.note(
                Planning.growthPerRequest(
                    baselineRate: row.pA, canaryRate: row.pB, canaryShare: row.share, ratio: row.r) / row.growth, 1)
            deviation.note(
                Planning.requestsNeeded(question, baselineRate: row.pA, canaryRate: row.pB), row.requests)
        }
        report("planning", deviation, document.tolerance)
    }
}

func bar(_ alpha: Double) -> Double { AnytimeP.barLogE(falseAlarm: alpha) }

func pValue(_ maxLogE: Double) -> Double { AnytimeP.value(maxLogE: maxLogE) }

func report(_ name: String, _ deviation: Deviation, _ tolerance: Double) {
    print("\(name): \(deviation.compared) values, largest deviation \(deviation.largest), tolerance \(tolerance)")
    #expect(deviation.compared > 0)
    #expect(deviation.largest <= tolerance, "\(name)")
}
