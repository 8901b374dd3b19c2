import ArgumentParser

/// `make gate`: runs one piece of fixed work, so that callgrind can count its instructions.
struct GateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Do one piece of fixed work, for callgrind to count its instructions.",
        discussion: """
            Prepares the work, does it inside `measuredWork` and prints what came out.
            Without a name it prints the names, one a line.
            """)

    @Argument(help: "The work.")
    var name: String?

    func validate() throws {
        guard let name, !Workload.all.contains(where: { $0.name == name }) else { return }
        throw ValidationError("there is no work \"\(name)\"; without a name the command prints all of them")
    }

    func run() {
        guard let workload = Workload.all.first(where: { $0.name == name }) else {
            for workload in Workload.all { print(workload.name) }
            return
        }
        let work = workload.prepare()
        measuredWork(work)
        print("\(workload.name): \(work.result)")
    }
}

/// The only part that callgrind collects (`--toggle-collect='*measuredWork*'`): preparations, the start of the runtime and
/// the printing do not count.
@inline(never)
func measuredWork(_ work: Work) { work.run() }
