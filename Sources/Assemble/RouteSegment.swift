/// Tells a word of a path, which belongs to its route, from data: an id, a number, a hash, a name somebody chose.
///
/// The rules are guesses, and lean to data: a word too many makes one route vague, an id too many makes a route for
/// each id.
enum RouteSegment {
    /// Longer segments are titles, tokens or lists.
    private static let maxLength = 40
    /// Longer words are not words.
    private static let maxWord = 24
    /// A segment of more words is a title.
    private static let maxWords = 5
    /// Words as short as this are taken as they are; there is too little of them to judge by.
    private static let minJudged = 8

    /// Whether a segment is to be replaced. An empty one is not.
    static func isData(_ bytes: Swift.Span<UInt8>, _ segment: Range<Int>) -> Bool {
        if segment.isEmpty { return false }
        if segment.count > maxLength { return true }
        // OData and others begin their own words with a dollar sign.
        var start = segment.lowerBound + (bytes[segment.lowerBound] == UInt8(ascii: "$") ? 1 : 0)
        var words = 0
        var isVersion = false
        while start < segment.upperBound {
            var end = start
            var letters = 0
            var digits = 0
            while end < segment.upperBound, !isSeparator(bytes[end]) {
                switch bytes[end] {
                case 0x30...0x39: digits += 1
                case 0x41...0x5a, 0x61...0x7a: letters += 1
                default: return true
                }
                end += 1
            }
            let word = start..<end
            start = end + 1
            if word.isEmpty { continue }
            words += 1
            if digits == 0 {
                if words > maxWords || isGibberish(bytes, word) { return true }
            } else if words == 1 && isVersionLike(bytes, word) {
                isVersion = true
            } else if !(isVersion && letters == 0 && digits <= 3) && !isTerm(bytes, word) {
                return true
            }
        }
        return words == 0
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: ":"): true
        default: false
        }
    }

    /// `v1`, `V12`, `v1beta2`: a letter, at most three digits, and perhaps one of the usual suffixes.
    private static func isVersionLike(_ bytes: Swift.Span<UInt8>, _ word: Range<Int>) -> Bool {
        guard bytes[word.lowerBound] | 0x20 == UInt8(ascii: "v") else { return false }
        var suffix = word.lowerBound + 1
        while suffix < word.upperBound, isDigit(bytes[suffix]) { suffix += 1 }
        guard (1...3).contains(suffix - word.lowerBound - 1) else { return false }
        var end = word.upperBound
        while end > suffix, isDigit(bytes[end - 1]) { end -= 1 }
        guard word.upperBound - end <= 2 else { return false }
        return suffix == word.upperBound || ["alpha", "beta", "rc", "p"].contains(lowercased(bytes, suffix..<end))
    }

    /// Words of the trade that have a digit in them.
    private static let terms: Set<String> = [
        "a11y", "b2b", "b2c", "base32", "base58", "base64", "ec2", "h2", "http2", "http3", "i18n", "ipv4", "ipv6",
        "k8s", "l10n", "log4j", "md5", "mp3", "mp4", "neo4j", "oauth1", "oauth2", "p2p", "s3", "saml2", "sha1",
        "sha256", "sha512", "utf8", "web3", "x509", "2fa",
    ]

    private static func isTerm(_ bytes: Swift.Span<UInt8>, _ word: Range<Int>) -> Bool {
        word.count <= 6 && terms.contains(lowercased(bytes, word))
    }

    /// Letters without sense: hexadecimal, letter pairs that words do not have, or capitals strewn all over (base64).
    private static func isGibberish(_ bytes: Swift.Span<UInt8>, _ word: Range<Int>) -> Bool {
        if word.count < minJudged { return false }
        if word.count > maxWord { return true }
        var rarePairs = 0
        var isHexadecimal = true
        // A hump is what camel case is made of: capitals, then small letters.
        var humps = 1
        var humpsWithoutVowel = 0
        var hasVowel = false
        for index in word {
            let letter = bytes[index] | 0x20
            if letter > UInt8(ascii: "f") { isHexadecimal = false }
            if index > word.lowerBound {
                if isCapital(bytes[index]) && !isCapital(bytes[index - 1]) {
                    humps += 1
                    if !hasVowel { humpsWithoutVowel += 1 }
                    hasVowel = false
                } else if LetterPairs.isRare(bytes[index - 1] | 0x20, letter) {
                    rarePairs += 1
                }
            }
            if isVowel(letter) { hasVowel = true }
        }
        if !hasVowel { humpsWithoutVowel += 1 }
        if isHexadecimal { return true }
        if rarePairs >= 2 && rarePairs * 8 >= word.count { return true }
        guard humps > 2 else { return false }
        return (humpsWithoutVowel >= 2 && humpsWithoutVowel * 4 >= humps) || word.count * 2 < humps * 5
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isCapital(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) }

    private static func isVowel(_ letter: UInt8) -> Bool {
        // One bit for each of a, e, i, o, u, y.
        (0x61...0x7a).contains(letter) && 1 << UInt32(letter - 0x61) & UInt32(0b1_0001_0000_0100_0001_0001_0001) != 0
    }

    private static func lowercased(_ bytes: Swift.Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }.lowercased()
    }
}
