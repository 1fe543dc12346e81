import Coordinate
import Testing

@Suite struct SearchBudgetTests {
    @Test func aProcessThatIsSearchedOften() {
        var budget = SearchBudget()
        let start = ContinuousClock.now
        var taken = 0
        for tenth in 0..<200 where budget.take(at: start + .milliseconds(100) * tenth) { taken += 1 }
        // 4 at once, and one every 2 of the 20 seconds, the last of which is not over.
        #expect(taken == 4 + 9)
    }

    @Test func oneThatRests() {
        var budget = SearchBudget()
        let start = ContinuousClock.now
        for round in 0..<3 {
            for search in 0..<5 {
                #expect(budget.take(at: start + .seconds(60) * round) == (search < 4))
            }
        }
    }
}
