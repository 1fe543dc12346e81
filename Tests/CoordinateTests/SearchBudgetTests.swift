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

    @Test func oneThatTakesLong() {
        var budget = SearchBudget()
        let start = ContinuousClock.now
        var spent = Duration.zero
        for tenth in 0..<36_000 where budget.take(at: start + .milliseconds(100) * tenth) {
            budget.spend(.seconds(15))
            spent += .seconds(15)
        }
        // An hour, of which a quarter may be spent, and what there is at once.
        #expect(spent > .seconds(600) && spent < .seconds(930))
    }

    @Test func shortOnesCountOnce() {
        var budget = SearchBudget()
        let start = ContinuousClock.now
        for _ in 0..<4 {
            #expect(budget.take(at: start) == true)
            budget.spend(.milliseconds(100))
        }
        #expect(budget.take(at: start) == false)
    }

    @Test func aProcessThatIsChosenAnew() {
        var budgets = SearchBudgets()
        let start = ContinuousClock.now
        for search in 0..<6 { #expect(budgets.take(7, at: start) == (search < 4)) }
        #expect(budgets.take(8, at: start) == true)
        budgets.spend(.seconds(60), on: 8)
        #expect(budgets.take(8, at: start + .seconds(60)) == false)
        #expect(budgets.take(7, at: start + .seconds(60)) == true)
    }

    @Test func ofManyProcessesLittleIsRemembered() {
        var budgets = SearchBudgets()
        let start = ContinuousClock.now
        for pid in 0..<200_000 as Range<UInt32> {
            #expect(budgets.take(pid, at: start + .milliseconds(10) * Int(pid)) == true)
        }
        #expect(budgets.count <= 4096)
    }
}
