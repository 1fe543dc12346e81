/// Pairs of letters that words do not have.
///
/// Counted over the 24,000 words that occur in at least 8 files of a system's documentation and source: these are the
/// pairs of two different letters that fewer than 20 of those words have. Of words of 12 random letters 6 in 7 have
/// enough of them to be told from a word; of the 11,000 counted words of 8 letters and more, 1 in 200 does, nearly
/// all of them names and abbreviations.
enum LetterPairs {
    static func isRare(_ first: UInt8, _ second: UInt8) -> Bool {
        guard (0x61...0x7a).contains(first), (0x61...0x7a).contains(second) else { return false }
        return seconds[Int(first - 0x61)] & (1 << UInt32(second - 0x61)) != 0
    }

    /// For each first letter the set of second letters, bit 0 for `a`.
    private static let seconds: [UInt32] = [
        /* a */ "jq",
        /* b */ "hqvwxz",
        /* c */ "jqwxz",
        /* d */ "kqxz",
        /* e */ "",
        /* f */ "bhjkqvwxz",
        /* g */ "jkqvwx",
        /* h */ "bcfgjkqvxz",
        /* i */ "hjqwy",
        /* j */ "bcdfghklmnpqrtvwxyz",
        /* k */ "cjmqvxz",
        /* l */ "hjqwxz",
        /* m */ "hjqwxz",
        /* n */ "x",
        /* o */ "q",
        /* p */ "bjqvxz",
        /* q */ "abcdefghijklmnoprstvwxyz",
        /* r */ "hjqxz",
        /* s */ "jxz",
        /* t */ "jq",
        /* u */ "hjkqvwyz",
        /* v */ "bdfghjklnpqruwxyz",
        /* w */ "bfgjkmpqtuvxyz",
        /* x */ "bdfghjknqruvwyz",
        /* y */ "hjkqvwxz",
        /* z */ "bcdfghjklmnpqrstuvwxy",
    ].map { letters in letters.utf8.reduce(0) { $0 | 1 << UInt32($1 - 0x61) } }
}
