import Support
import Testing

@testable import TargetSources

@Suite("Messages of name servers")
struct DNSMessageTests {
    private let question = DNSMessage.question("_m._tcp.shop.test", .srv, id: 0x1234) ?? []

    /// Header and question of the answer, with a number of records that follow.
    private func answer(_ records: [[UInt8]], flags: UInt16 = 0x8180, id: UInt16 = 0x1234) -> [UInt8] {
        let numbers = [id, flags, 1, UInt16(records.count), 0, 0]
        let name = question[12..<(question.count - 11 - 4)]
        return numbers.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } + name + [0, 33, 0, 1] + records.flatMap { $0 }
    }

    /// A record of the name that was asked for, by a pointer to it.
    private func record(_ type: UInt8, _ data: [UInt8]) -> [UInt8] {
        [0xC0, 12, 0, type, 0, 1, 0, 0, 0, 60, UInt8(data.count >> 8), UInt8(data.count & 255)] + data
    }

    @Test func aQuestionIsWritten() throws {
        let bytes = try #require(DNSMessage.question("a.bc.", .aaaa, id: 0xABCD))
        #expect(
            bytes == [0xAB, 0xCD, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 97, 2, 98, 99, 0, 0, 28, 0, 1]
                + [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: ["", ".", "a..b", String(repeating: "a", count: 64), String(repeating: "a.", count: 128)])
    func aNameThatCannotBeAskedForIsRefused(_ name: String) {
        #expect(DNSMessage.question(name, .a, id: 1) == nil)
    }

    @Test func recordsAreReadAndAliasesSkipped() throws {
        let target: [UInt8] = [1, 97, 0xC0, 20]
        let records = [
            record(5, [1, 120, 0]), record(33, [0, 10, 0, 60, 0x23, 0x82] + target), record(33, [0, 0, 0, 0, 0, 0, 0]),
        ]
        // The pointer at 20 leads into the question: `shop.test`.
        let outcome = try DNSMessage.outcome(of: answer(records), to: question)
        #expect(outcome == .records([.service(target: "a.shop.test.", port: 9_090), .service(target: ".", port: 0)]))
    }

    @Test(
        arguments: [
            (0x8180, DNSMessage.Outcome.records([])), (0x8183, .noSuchName), (0x8182, .refused(code: 2)),
            (0x8185, .refused(code: 5)), (0x8380, .truncated),
        ] as [(UInt16, DNSMessage.Outcome)])
    func theHeaderDecides(_ flags: UInt16, _ wanted: DNSMessage.Outcome) throws {
        #expect(try DNSMessage.outcome(of: answer([], flags: flags), to: question) == wanted)
    }

    @Test func anotherAnswerIsNotTaken() {
        var other = answer([])
        other[13] ^= 1
        let malformed = [
            answer([], id: 0x1235), answer([], flags: 0x0180), other, [], [0x12, 0x34], answer([record(33, [0, 1])]),
            // A pointer to itself.
            answer([[0xC0, 35, 0, 33, 0, 1, 0, 0, 0, 0, 0, 0]]),
        ]
        for message in malformed {
            #expect(throws: DNSMessage.Malformed.self) { try DNSMessage.outcome(of: message, to: question) }
        }
    }

    @Test func addressesAreShownAsTheirStandardsSay() throws {
        let question = DNSMessage.question("h.test", .aaaa, id: 1) ?? []
        func shown(_ bytes: [UInt8]) throws -> DNSMessage.Outcome {
            let header: [UInt8] = [
                0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 104, 4, 116, 101, 115, 116, 0, 0, 28, 0, 1,
            ]
            return try DNSMessage.outcome(of: header + record(28, bytes), to: question)
        }
        let zeros = [UInt8](repeating: 0, count: 16)
        #expect(try shown(zeros) == .records([.address("::")]))
        #expect(try shown(zeros.dropLast() + [1]) == .records([.address("::1")]))
        #expect(
            try shown([0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
                == .records([.address("2001:db8:0:1::1")]))
    }

    /// Whatever is cut off, changed or repeated: an answer, or an error, and never more records than the message has
    /// room for.
    @Test func damagedMessagesAreReadOrRefused() {
        var generator = SeededGenerator(seed: 7)
        let whole = answer([record(33, [0, 10, 0, 60, 0x23, 0x82, 1, 97, 0xC0, 20]), record(5, [1, 120, 0])])
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int(generator.next() % 4) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            if generator.next() % 2 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            guard case .records(let records) = try? DNSMessage.outcome(of: bytes, to: question) else { continue }
            #expect(records.count <= bytes.count / 12)
        }
    }
}

@Suite("Settings of the resolver")
struct ResolverSettingsTests {
    @Test func areReadAsTheSystemReadsThem() {
        let text = """
            # comment
            nameserver 10.0.0.1
            nameserver\t2001:db8::53
            search shop.test  test
            options timeout:1 ndots:2
            nameserver 10.0.0.3
            nameserver 10.0.0.4
            """
        let settings = ResolverSettings(resolvConf: text)
        #expect(settings.servers.map(\.address) == ["10.0.0.1", "2001:db8::53", "10.0.0.3"])
        #expect(settings.search == ["shop.test", "test"] && settings.leastDots == 2)
        #expect(settings.candidates("a") == ["a.shop.test.", "a.test.", "a."])
        #expect(settings.candidates("a.b.c") == ["a.b.c.", "a.b.c.shop.test.", "a.b.c.test."])
        #expect(settings.candidates("a.") == ["a."])
        #expect(ResolverSettings(resolvConf: "").servers.map(\.address) == ["127.0.0.1"])
    }
}
