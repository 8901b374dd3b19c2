extension RegexProgram {
    /// Where the groups of a match of the whole text are: begin and end of each group, from group 0, in bytes of UTF-8;
    /// -1 for a group that took no part. Nil when the text does not match.
    ///
    /// Of several ways to match, it is the one that a backtracking engine finds first ("leftmost-first"): the threads
    /// are kept in the order of their priority, and of two threads at one place the first alone continues.
    func captures(in text: String) -> [Int]? {
        var run = CaptureRun(program: self)
        return run.captures(in: text)
    }
}

/// One run of a program that keeps, for each thread, where its groups are.
private struct CaptureRun {
    /// What is left to do while threads are followed: continue at a place, or give a slot its old value back, because
    /// the places that remain belong to another way.
    private enum Pending {
        case follow(Int)
        case restore(slot: Int, value: Int)
    }

    private let program: RegexProgram
    /// Slots of a thread.
    private let width: Int
    private var threads: RegexThreads
    private var following: RegexThreads
    /// The slots of the thread at each place, one row of `width` after the other.
    private var slots: [Int]
    private var followingSlots: [Int]
    /// The slots of the thread that is being followed.
    private var current: [Int]
    private var pending: [Pending] = []

    init(program: RegexProgram) {
        self.program = program
        width = 2 * (program.groupNames.count + 1)
        threads = RegexThreads(count: program.code.count + 1)
        following = threads
        slots = Array(repeating: -1, count: (program.code.count + 1) * width)
        followingSlots = slots
        current = Array(repeating: -1, count: width)
    }

    mutating func captures(in text: String) -> [Int]? {
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        var offset = 0
        follow(0, at: offset, between: nil, and: next)
        advance()
        while let scalar = next {
            next = scalars.next()
            offset += UTF8.width(scalar)
            for place in threads.places where place < program.code.count {
                guard program.accepts(program.code[place], scalar) else { continue }
                for slot in 0..<width { current[slot] = slots[place * width + slot] }
                follow(place + 1, at: offset, between: scalar, and: next)
            }
            advance()
            if threads.places.isEmpty { return nil }
        }
        return whole(endingAt: offset)
    }

    /// The threads that were found become the present ones.
    private mutating func advance() {
        swap(&threads, &following)
        swap(&slots, &followingSlots)
        following.removeAll()
    }

    private func whole(endingAt end: Int) -> [Int]? {
        let last = program.code.count
        guard threads.contains(last) else { return nil }
        var found = Array(slots[(last * width)..<((last + 1) * width)])
        (found[0], found[1]) = (0, end)
        return found
    }

    /// Adds a place to the following threads, and all that can be reached from it without a character.
    private mutating func follow(
        _ start: Int, at offset: Int, between before: Unicode.Scalar?, and after: Unicode.Scalar?
    ) {
        pending.append(.follow(start))
        while let next = pending.popLast() {
            switch next {
            case .restore(let slot, let value): current[slot] = value
            case .follow(let place):
                guard following.insert(place) else { continue }
                guard place < program.code.count else {
                    keep(place)
                    continue
                }
                take(program.code[place], place, offset, before, after)
            }
        }
    }

    private mutating func take(
        _ instruction: RegexProgram.Instruction, _ place: Int, _ offset: Int, _ before: Unicode.Scalar?,
        _ after: Unicode.Scalar?
    ) {
        switch instruction {
        case .split(let one, let other): pending += [.follow(place + other), .follow(place + one)]
        case .jump(let distance): pending.append(.follow(place + distance))
        case .save(let slot):
            pending += [.restore(slot: slot, value: current[slot]), .follow(place + 1)]
            current[slot] = offset
        case .assert(let assertion):
            if assertion.holds(between: before, and: after) { pending.append(.follow(place + 1)) }
        case .scalar, .set, .any, .anyButNewline: keep(place)
        }
    }

    private mutating func keep(_ place: Int) {
        for slot in 0..<width { followingSlots[place * width + slot] = current[slot] }
    }
}
