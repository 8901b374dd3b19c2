import Testing

@testable import Daemon

@Suite("Memory habits")
struct MemoryHabitsTests {
    @Test(
        arguments: [
            ("r-xp 00001000 fe:00 12                   /usr/lib/my lib.so", 0, true),
            ("r-xp 00001000 fe:00 12                   /usr/lib/lib.so", 4, false),
            ("r-xp 00001000 fe:00 12                   /usr/lib/lib.so", nil, false),
            ("rw-p 00001000 fe:00 12                   /usr/lib/lib.so", 0, false),
            ("r--p 00001000 fe:00 12                   /usr/lib/lib.so", 0, false),
            ("r-xs 00001000 fe:00 12                   /usr/lib/lib.so", 0, false),
            ("r-xp 00000000 00:00 0                    [vdso]", 0, false), ("r-xp 00000000 00:00 0", 0, false),
        ])
    func onlyUnchangedCodeOfFilesIsGivenBack(_ line: String, _ changedKiB: Int?, isGiven: Bool) throws {
        var lines: [Substring] = ["7f00-8f00 \(line)", "Size:                  4 kB", "Rss:                   12 kB"]
        if let changedKiB { lines.append("Anonymous:             \(changedKiB) kB") }
        let mappings = ProcessMapping.list(lines + ["VmFlags: rd ex mr mw me "])
        let mapping = try #require(mappings.first)
        #expect(mappings.count == 1 && mapping.start == 0x7f00 && mapping.end == 0x8f00 && mapping.residentKiB == 12)
        #expect(mapping.isUnchangedCode == isGiven)
    }

    @Test(arguments: ["", "7f00-8f00", "7f00 r-xp 0 0 0 /a", "8f00-7f00 r-xp 0 fe:00 1 /a", "x-y r-xp 0 fe:00 1 /a"])
    func aLineOfAnotherFormIsNoMapping(line: String) {
        #expect(ProcessMapping(line[...]) == nil)
    }

    /// The list is longer than what the system hands out at once.
    @Test func theProcessGoesOnWithLessMemory() throws {
        func residentKiB() -> Int { ProcessMapping.all().filter(\.isUnchangedCode).reduce(0) { $0 + $1.residentKiB } }
        #expect(ProcessMapping.all().contains { $0.isUnchangedCode && $0.path.contains("libc.so") })
        let before = residentKiB()
        MemoryHabits.giveBackWhatTheStartTook()
        #expect(residentKiB() < before)
    }
}
