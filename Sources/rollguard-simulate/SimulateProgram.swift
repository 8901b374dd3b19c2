import ArgumentParser
import SimulateCommand

/// `rollguard simulate` by itself. It builds in a fraction of the time of the whole program, which is what the checks of
/// every change need.
@main
struct SimulateProgram {
    static func main() async { await Simulate.main() }
}
