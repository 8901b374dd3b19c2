/// `make gate`: runs one piece of fixed work, so that callgrind can count its instructions.
///
///     rollguard-gate            names of the workloads, one a line
///     rollguard-gate NAME       prepares it, does it inside `measuredWork`, prints what came out
@main
struct Gate {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first else {
            for workload in Workload.all { print(workload.name) }
            return
        }
        guard let workload = Workload.all.first(where: { $0.name == name }) else {
            print("rollguard-gate: there is no workload \"\(name)\"; without arguments it prints their names")
            return
        }
        let work = workload.prepare()
        measuredWork(work)
        print("\(name): \(work.result)")
    }
}

/// The only part that callgrind collects (`--toggle-collect='*measuredWork*'`): preparations, the start of the runtime and
/// the printing do not count.
@inline(never)
func measuredWork(_ work: Work) { work.run() }
