import Model
import Support

/// A fleet's life with troubles that follow from a seed.
struct FleetLife {
    var world: FleetWorld
    private(set) var troubles: [String] = []
    private var dice: SeededGenerator

    init(seed: UInt64) {
        dice = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 23)
        world = FleetWorld(members: 2 + Int(dice.next() % 2), releases: 3, copies: 1 + Int(dice.next() % 2))
    }

    mutating func run() {
        world.run(seconds: 22)
        for release in world.plan.releases.indices {
            if let owner = world.owner(release) { _ = world.order(.begin(KernelHarness.next), release, to: owner) }
        }
        for _ in 0..<7 {
            world.run(seconds: 4 + Int(dice.next() % 14))
            trouble()
        }
        heal()
        world.run(seconds: 75)
        world.checkRest()
    }

    private mutating func trouble() {
        let index = Int(dice.next() % UInt64(world.nodes.count))
        let name = world.nodes[index].name
        switch dice.next() % 12 {
        case 0: note("kill \(name)") { $0.nodes[index].isAlive = false }
        case 1: note("restart \(name)") { $0.restart(index) }
        case 2: note("stop \(name)") { $0.nodes[index].isPaused.toggle() }
        case 3: note("cut \(name)") { $0.nodes[index].reachesStore.toggle() }
        case 4: note("store") { $0.isStoreUp.toggle() }
        case 5: note("clock of \(name)") { $0.nodes[index].isClockStopped.toggle() }
        case 6, 7:
            guard world.nodes.count < 5 else { return note("restart \(name)") { $0.restart(index) } }
            note("join") { $0.join() }
        case 8: note("leave \(name)") { $0.leave(index) }
        case 9, 10:
            let release = Int(dice.next() % UInt64(world.plan.releases.count))
            note("sick \(release)") { $0.sick.insert(release) }
        default: note("heal \(name)") { $0.nodes[index].isPaused = false }
        }
    }

    private mutating func note(_ text: String, _ change: (inout FleetWorld) -> Void) {
        troubles.append(text)
        change(&world)
    }

    private mutating func heal() {
        world.isStoreUp = true
        for index in world.nodes.indices {
            world.nodes[index].isPaused = false
            world.nodes[index].reachesStore = true
            world.nodes[index].isClockStopped = false
            if !world.nodes[index].isAlive { world.restart(index) }
        }
    }
}
