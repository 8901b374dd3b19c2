/// A compiled regular expression: a nondeterministic automaton that is run on all its states at once, so that a match
/// takes time proportional to the text times the program, whatever the expression is.
struct RegexProgram {
    /// Targets are relative, so that code can be copied for repetitions. Behind the last instruction is the match.
    enum Instruction {
        case scalar(Unicode.Scalar)
        /// A place in ``RegexProgram/sets``.
        case set(Int)
        case any
        case anyButNewline
        /// Continues at both places.
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        /// Notes the place in the text as the begin (even) or the end (odd) of a group.
        case save(Int)
    }

    /// What must hold between two characters.
    enum Assertion {
        case textBegins, textEnds
        /// Also after, or before, a line break.
        case lineBegins, lineEnds
        /// Of ASCII word characters.
        case wordBoundary, noWordBoundary
    }

    let code: [Instruction]
    let sets: [ScalarSet]
    /// The name of each capturing group, from group 1; nil for one without.
    let groupNames: [String?]
    /// What every text that matches begins with, in UTF-8. Most names of labels are refused by it.
    let prefix: [UInt8]

    init(code: [Instruction], sets: [ScalarSet], groupNames: [String?]) {
        self.code = code
        self.sets = sets
        self.groupNames = groupNames
        var prefix = String.UnicodeScalarView()
        // Whatever follows the first branch may be left out.
        loop: for instruction in code {
            switch instruction {
            case .scalar(let scalar): prefix.append(scalar)
            case .save: continue
            case .set, .any, .anyButNewline, .split, .jump, .assert: break loop
            }
        }
        self.prefix = Array(String(prefix).utf8)
    }

    /// Does the expression match the whole text?
    func matches(_ text: String) -> Bool {
        guard text.utf8.starts(with: prefix) else { return false }
        var scalars = text.unicodeScalars.makeIterator()
        var threads = RegexThreads(count: code.count + 1)
        var following = threads
        var next = scalars.next()
        follow(0, in: &threads, between: nil, and: next)
        var current = next
        while let scalar = current {
            next = scalars.next()
            following.removeAll()
            for place in threads.places where place < code.count && accepts(code[place], scalar) {
                follow(place + 1, in: &following, between: scalar, and: next)
            }
            swap(&threads, &following)
            if threads.places.isEmpty { return false }
            current = next
        }
        return threads.contains(code.count)
    }

    func accepts(_ instruction: Instruction, _ scalar: Unicode.Scalar) -> Bool {
        switch instruction {
        case .scalar(let wanted): wanted == scalar
        case .set(let index): sets[index].contains(scalar)
        case .any: true
        case .anyButNewline: scalar != "\n"
        case .split, .jump, .assert, .save: false
        }
    }

    /// Adds a place, and all that can be reached from it without a character.
    private func follow(
        _ start: Int, in threads: inout RegexThreads, between before: Unicode.Scalar?, and after: Unicode.Scalar?
    ) {
        var waiting = [start]
        while let place = waiting.popLast() {
            guard threads.insert(place), place < code.count else { continue }
            switch code[place] {
            case .split(let one, let other): waiting += [place + other, place + one]
            case .jump(let distance): waiting.append(place + distance)
            case .save: waiting.append(place + 1)
            case .assert(let assertion) where assertion.holds(between: before, and: after): waiting.append(place + 1)
            case .assert, .scalar, .set, .any, .anyButNewline: break
            }
        }
    }
}

extension RegexProgram.Assertion {
    /// - Parameters: nil is the text's begin, or its end.
    func holds(between before: Unicode.Scalar?, and after: Unicode.Scalar?) -> Bool {
        switch self {
        case .textBegins: before == nil
        case .textEnds: after == nil
        case .lineBegins: before == nil || before == "\n"
        case .lineEnds: after == nil || after == "\n"
        case .wordBoundary: Self.isWord(before) != Self.isWord(after)
        case .noWordBoundary: Self.isWord(before) == Self.isWord(after)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        return scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("0"..."9").contains(scalar)
    }
}

/// The places of a program that are active at one character: each once, in the order in which they were reached.
struct RegexThreads {
    private(set) var places: [Int] = []
    /// The round in which a place was added last.
    private var rounds: [Int]
    private var round = 1

    init(count: Int) { rounds = Array(repeating: 0, count: count) }

    func contains(_ place: Int) -> Bool { rounds[place] == round }

    /// False when it is there already.
    mutating func insert(_ place: Int) -> Bool {
        guard rounds[place] != round else { return false }
        rounds[place] = round
        places.append(place)
        return true
    }

    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        round += 1
    }
}
