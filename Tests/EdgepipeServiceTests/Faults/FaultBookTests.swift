import EdgepipeCore
import Logging
import PipelineTesting
import Testing

@testable import EdgepipeService

@Suite("The service's book of faults")
struct FaultBookTests {
  private let events = EventLog(), clock = ManualClock()
  private let book: FaultBook

  init() {
    book = FaultBook(events: events, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
  }

  private var told: [[String: ReportValue]] { events.entries(after: 0, limit: 100).entries.map(\.members) }

  @Test("given a fault that is told again and ends twice, then its beginning and its end are told once, as the same")
  func once() {
    book.begin("stuck", of: "door", stage: "objects", "it is stuck")
    book.begin("stuck", of: "door", stage: "tracks", "it is stuck")
    clock.advance(milliseconds: 2500)
    book.end("stuck", of: "door", "frames go on")
    book.end("stuck", of: "door", "frames go on")
    #expect(told.map { $0["event"] } == [.string("fault"), .string("recovered")])
    #expect(told.allSatisfy { $0["stage"] == .string("objects") && $0["pipeline"] == .string("door") })
    #expect(told.first?["since"] == told.last?["since"] && told.last?["seconds"] == .rounded(2.5))
    let key = FaultBook.Key(fault: "stuck", pipeline: "door")
    #expect(book.current[key]?.total == 1 && book.current[key]?.isActive == false)
  }

  @Test("given a pipeline that nobody wants any more, then its faults are over, those of others are not")
  func stopped() {
    for pipeline in ["door", "yard"] {
      book.begin("stuck", of: pipeline, "it is stuck")
      book.begin("memory", of: pipeline, "it holds much")
    }
    book.endAll(of: "door", "the pipeline was stopped")
    #expect(!book.isActive("stuck", of: "door") && !book.isActive("memory", of: "door"))
    #expect(book.isActive("stuck", of: "yard") && book.isActive("memory", of: "yard"))
    #expect(told.count == 6)
    book.forget("door")
    #expect(Set(book.current.keys.map(\.pipeline)) == ["yard"])
  }
}

@Suite("Notices on their way", .timeLimit(.minutes(2)))
struct NotifierTests {
  private final class Way: NoticeWay {
    let got = Monitor<[String]>([])
    let fails: Bool

    init(fails: Bool = false) { self.fails = fails }

    func send(_ text: String) throws(PipelineError) {
      got.change { $0.append(text) }
      if fails { throw PipelineError("nobody is there", code: .unreachable) }
    }

    func close() { got.change { $0.append("closed") } }
  }

  private func notifier(_ way: Way) throws -> Notifier {
    try Notifier([way], logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("given a notice that waits for its minute, when the service ends, then it still goes out, and nothing after it")
  func end() throws {
    let way = Way(), notifier = try notifier(way)
    for number in 1...3 {
      notifier.tell(["event": .string("fault"), "fault": .string("stuck"), "n": .int(number)], of: "door")
    }
    way.got.wait { $0.isEmpty ? nil : () }
    notifier.end()
    let got = way.got.withLock { $0 }
    #expect(got.count == 3 && got.last == "closed", "\(got)")
    #expect(got.first?.contains(#""count":1"#) == true && got.first?.contains(#""n":1"#) == true, "\(got)")
    #expect(got.dropFirst().first?.contains(#""count":2"#) == true, "\(got)")
    #expect(got.first?.contains(#""pipeline":"door""#) == true && got.first?.contains(#""host":"#) == true, "\(got)")
  }

  @Test("given a receiver that is away, when the service ends between two attempts, then it is asked once more at most")
  func away() throws {
    let way = Way(fails: true), notifier = try notifier(way)
    notifier.tell(["event": .string("fault"), "fault": .string("stuck")], of: "door")
    way.got.wait { $0.isEmpty ? nil : () }
    notifier.end()
    #expect((2...3).contains(way.got.withLock { $0.count }), "\(way.got.withLock { $0 })")
  }

  @Test("given programs that fail or are not there, then the error names them and how they ended")
  func command() {
    let failed = #expect(throws: PipelineError.self) {
      try NoticeCommand(words: ["/bin/sh", "-c", "exit 3"]).send("{}")
    }
    #expect(failed?.message == "'/bin/sh' ended with status 3")
    let missing = #expect(throws: PipelineError.self) { try NoticeCommand(words: ["/no/program"]).send("{}") }
    #expect(missing?.message.hasPrefix("cannot start '/no/program': ") == true)
  }
}
