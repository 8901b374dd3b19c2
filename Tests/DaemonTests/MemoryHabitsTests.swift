import Testing

@testable import Daemon

@Suite("Memory habits")
struct MemoryHabitsTests {
    @Test(
        arguments: [
            ("7f00-8f00 r-xp 00001000 fe:00 12                   /usr/lib/my lib.so", true),
            ("7f00-8f00 rw-p 00001000 fe:00 12                   /usr/lib/lib.so", false),
            ("7f00-8f00 r--p 00001000 fe:00 12                   /usr/lib/lib.so", false),
            ("7f00-8f00 r-xs 00001000 fe:00 12                   /usr/lib/lib.so", false),
            ("7f00-8f00 r-xp 00000000 00:00 0                    [vdso]", false),
            ("7f00-8f00 r-xp 00000000 00:00 0", false),
        ])
    func onlyCodeOfFilesIsGivenBack(line: String, isGiven: Bool) throws {
        let mapping = try #require(ProcessMapping(line[...]))
        #expect(mapping.isCodeOfAFile == isGiven)
        #expect(mapping.start == 0x7f00 && mapping.end == 0x8f00)
    }

    @Test(arguments: ["", "7f00-8f00", "7f00 r-xp 0 0 0 /a", "8f00-7f00 r-xp 0 fe:00 1 /a", "x-y r-xp 0 fe:00 1 /a"])
    func aLineOfAnotherFormIsLeftOut(line: String) {
        #expect(ProcessMapping(line[...]) == nil)
    }

    /// The list is longer than what the system hands out at once.
    @Test func theProcessGoesOnWithLessMemory() throws {
        let code = ProcessMapping.all().filter(\.isCodeOfAFile)
        #expect(code.count > 20)
        #expect(code.contains { $0.path.contains("libc.so") })
        MemoryHabits.giveBackWhatTheStartTook()
        #expect(ProcessMapping.all().filter(\.isCodeOfAFile).count >= code.count)
    }
}
