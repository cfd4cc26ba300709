import Testing

@testable import EdgepipeService

@Suite("Pauses before a run is started again")
struct RestartRuleTests {
  @Test("given runs that end at once, when paused, then the pauses double up to a minute")
  func growing() {
    var rule = RestartRule()
    let pauses = (0..<9).map { _ in rule.pauseS(ranForS: 0.5, isLasting: false) }
    #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60])
  }

  @Test("given a run that went on for a minute, when it ends, then the pause is one second again")
  func steady() {
    var rule = RestartRule()
    for _ in 0..<5 { _ = rule.pauseS(ranForS: 1, isLasting: false) }
    #expect(rule.pauseS(ranForS: 60, isLasting: false) == 1)
    #expect(rule.pauseS(ranForS: 59.9, isLasting: false) == 2)
  }

  @Test("given a fault that stays, when paused, then the pause is the longest one, and later ones are not")
  func lasting() {
    var rule = RestartRule()
    #expect(rule.pauseS(ranForS: 0.1, isLasting: true) == 60)
    #expect(rule.pauseS(ranForS: 0.1, isLasting: false) == 2)
  }
}
