import EdgepipeCore
import Testing

@testable import EdgepipeService

@Suite("The events of all pipelines")
struct EventLogTests {
  private func log(_ count: Int, capacity: Int = 10) -> EventLog {
    let log = EventLog(capacity: capacity)
    for number in 0..<count { log.add(["n": .int(number + 1)], of: number.isMultiple(of: 2) ? "even" : "odd") }
    return log
  }

  @Test("given events, when read from a number on, then those behind it come in order, with their pipeline")
  func order() {
    let log = log(5)
    #expect(log.last == 5)
    let (entries, lost) = log.entries(after: 2, limit: 10)
    #expect(entries.map(\.number) == [3, 4, 5] && lost == 0)
    #expect(entries.map(\.pipeline) == ["even", "odd", "even"])
    #expect(entries[0].members == ["n": .int(3), "pipeline": .string("even")])
    #expect(log.entries(after: 5, limit: 10).entries.isEmpty)
    #expect(log.entries(after: 0, limit: 2).entries.map(\.number) == [1, 2])
    #expect(log.entries(after: 0, limit: 0).entries.isEmpty)
    #expect(log.entries(after: 0, limit: -1).entries.isEmpty)
    #expect(EventLog().entries(after: 0, limit: 10).entries.isEmpty)
  }

  @Test("given more events than are kept, when read, then the newest are there and those that have gone are counted")
  func bounded() {
    for count in [19, 20, 21, 55, 1000] {
      let (entries, lost) = log(count).entries(after: 0, limit: .max)
      #expect((10...20).contains(entries.count))
      #expect(entries.map(\.number) == Array(lost + 1...count))
      #expect(log(count).entries(after: count - 3, limit: .max).entries.map(\.number) == Array(count - 2...count))
    }
  }

  @Test("given numbers that were never given, when read from, then all is new", arguments: [-1, 6, Int.max, .min])
  func foreign(number: Int) {
    let (entries, lost) = log(5).entries(after: number, limit: 10)
    #expect(entries.map(\.number) == [1, 2, 3, 4, 5] && lost == 0)
  }
}
