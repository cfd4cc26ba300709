import EdgepipeCore
import Testing

@testable import EdgepipeOutputs

struct ConnectionHistoryTests {
  private var random = SplitMix64(seed: 1)

  @Test mutating func givenABrokerThatSaysSo_whenTakenOver_thenItIsATwinAtOnceAndPausesGrow() {
    var history = ConnectionHistory()
    var longest = 0.0
    for round in 0..<6 {
      let verdict = history.noteEnd(afterS: 1, wasTakenOver: true, item: nil, using: &random)
      #expect(verdict.isTwin)
      let limit = min(60, 5 * Double(1 << round))
      #expect((limit / 2...limit).contains(verdict.retryAfterS ?? 0))
      longest = max(longest, verdict.retryAfterS ?? 0)
    }
    #expect(longest > 30)
  }

  @Test mutating func givenAnOldBroker_whenThreeConnectionsInARowAreShort_thenATwinIsSuspected() {
    var history = ConnectionHistory()
    #expect(!history.noteEnd(afterS: 2, wasTakenOver: false, item: nil, using: &random).isTwin)
    #expect(!history.noteEnd(afterS: 2, wasTakenOver: false, item: nil, using: &random).isTwin)
    #expect(history.noteEnd(afterS: 2, wasTakenOver: false, item: nil, using: &random).isTwin)
  }

  @Test mutating func givenConnectionsThatLast_whenTheyEnd_thenNobodyIsSuspected() {
    var history = ConnectionHistory()
    for _ in 0..<10 {
      #expect(history.noteEnd(afterS: 600, wasTakenOver: false, item: nil, using: &random) == .init())
    }
  }

  @Test mutating func givenOneItemAtEachEnd_whenItGoesAloneAndEndsThemAll_thenItIsGuilty() {
    var history = ConnectionHistory()
    var verdicts: [Bool] = []
    for _ in 0..<5 {
      verdicts.append(history.noteEnd(afterS: 1, wasTakenOver: false, item: "a", using: &random).isGuilty)
      #expect(history.sendsOneByOne == (verdicts.count >= 2))
    }
    #expect(verdicts == [false, false, false, false, true])
  }

  @Test mutating func givenAnItemThatIsTaken_whenOthersAreLostLater_thenTheCountBeginsAnew() {
    var history = ConnectionHistory()
    for _ in 0..<4 { _ = history.noteEnd(afterS: 1, wasTakenOver: false, item: "a", using: &random) }
    history.noteTaken()
    #expect(!history.sendsOneByOne)
    #expect(!history.noteEnd(afterS: 1, wasTakenOver: false, item: "a", using: &random).isGuilty)
  }
}
