import EdgepipeCore
import Testing

@testable import EdgepipeService

@Suite("Server-sent events")
struct EventStreamTests {
  private func text(_ log: EventLog, pipeline: String? = nil, after: Int, max: Int) async throws -> String {
    var text = ""
    try await EventStream(events: log, pipeline: pipeline, after: after, max: max).write { text += $0 }
    return text
  }

  private func log(_ count: Int) -> EventLog {
    let log = EventLog(capacity: 4)
    for number in 1...count {
      log.add(["event": .string("health"), "n": .int(number)], of: number.isMultiple(of: 2) ? "even" : "odd")
    }
    return log
  }

  @Test("given events, when read from a number on, then each has its id, its kind and one line of data")
  func form() async throws {
    let log = log(3)
    #expect(
      try await text(log, after: 1, max: 2) == """
        : edgepipe

        id: \(log.epoch)-2
        event: health
        data: {"event":"health","n":2,"pipeline":"even"}

        id: \(log.epoch)-3
        event: health
        data: {"event":"health","n":3,"pipeline":"odd"}


        """)
  }

  @Test("given events of several pipelines, when those of one are asked for, then only they come")
  func filtered() async throws {
    let text = try await text(log(4), pipeline: "even", after: 0, max: 2)
    #expect(text.contains("\"n\":2") && text.contains("\"n\":4") && !text.contains("\"n\":3"))
  }

  @Test("given more events than are kept, when read from the first, then the loss is told with its number")
  func lost() async throws {
    let text = try await text(log(9), after: 0, max: 1)
    let gone = log(9).entries(after: 0, limit: 1).lost
    #expect(gone > 0 && text.contains("event: lost\ndata: {\"count\":\(gone)}\n\n"))
  }

  @Test("given no room for any, when read, then the stream ends at once")
  func none() async throws { #expect(try await text(log(1), after: 0, max: 0) == ": edgepipe\n\n") }
}
