/// How often a piece is repeated, and whether the fewest copies are tried first.
struct RegexRepetition {
    let least: Int
    /// Nil is any number.
    let most: Int?
    let isLazy: Bool

    /// Instructions of the result, at most.
    func size(of piece: RegexParser.Piece) -> Int { (max(least, most ?? 0) + 1) * (piece.code.count + 2) }

    func applied(to piece: RegexParser.Piece) -> RegexParser.Piece {
        var code: [RegexProgram.Instruction] = []
        for _ in 0..<(most == nil && least > 0 ? least - 1 : least) { code += piece.code }
        if let most {
            code += optional(piece, count: most - least)
        } else {
            code += unbounded(piece)
        }
        // `*`, `+`, `?` and `{0}` make no copies.
        let factor = most == 0 ? 0 : max(1, most ?? least)
        return RegexParser.Piece(
            code: code, copies: max(1, factor * piece.copies), isNullable: least == 0 || piece.isNullable)
    }

    /// Each copy that may be left out is left out with all that follow.
    private func optional(_ piece: RegexParser.Piece, count: Int) -> [RegexProgram.Instruction] {
        var code: [RegexProgram.Instruction] = []
        var left = count * (piece.code.count + 1)
        for _ in 0..<count {
            code.append(split(into: 1, past: left))
            code += piece.code
            left -= piece.code.count + 1
        }
        return code
    }

    /// `x+`, or `x*`. Where x can match the empty text, `x*` is `(x+)?`: else the copy that matches it would come
    /// after leaving the loop, and another match would be found first.
    private func unbounded(_ piece: RegexParser.Piece) -> [RegexProgram.Instruction] {
        let count = piece.code.count
        let loop = piece.code + [split(into: -count, past: 1)]
        if least > 0 { return loop }
        let begin = split(into: 1, past: count + 2)
        return piece.isNullable ? [begin] + loop : [begin] + piece.code + [.jump(-(count + 1))]
    }

    /// The place that is tried first comes first.
    private func split(into piece: Int, past end: Int) -> RegexProgram.Instruction {
        isLazy ? .split(end, piece) : .split(piece, end)
    }
}
