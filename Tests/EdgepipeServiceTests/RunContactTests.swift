import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService
@testable import Pipeline

/// With a thread in the place of a run, which speaks as one does. PipelineTests have the run's side.
@Suite("The connection to a run", .timeLimit(.minutes(5)))
final class RunContactTests {
  private let state: String
  private let folder: RunFolder

  init() throws {
    state = try TestData.temporaryFolder("contact").path
    folder = try RunFolder(state: state, name: "door")
  }

  deinit { try? FileManager.default.removeItem(atPath: state) }

  /// Answers what a supervisor asks, and tells of faults as they are added.
  private final class Run: Sendable {
    private struct State {
      /// How many faults there were.
      var faults = 0
      /// Those that nobody is told who does not ask.
      var hidden = 0
      var hangsUp = false
      var isOver = false
    }

    private let state = Monitor(State())
    private let path: String

    init(_ path: String) { self.path = path }

    func start() throws -> WorkerThread { try WorkerThread(name: "run") { [self] in serve() } }

    func tell(isHidden: Bool = false) {
      state.change { state in
        state.faults += 1
        if isHidden { state.hidden = state.faults }
      }
    }
    /// Ends the connection, and takes the next one.
    func hangUp() { state.change { $0.hangsUp = true } }
    func end() { state.change { $0.isOver = true } }

    private func serve() {
      guard let listener = try? UnixSocket.listening(at: path) else { return }
      while !state.withLock(\.isOver) {
        guard let socket = listener.accept(milliseconds: 20) else { continue }
        serve(socket)
      }
    }

    private func serve(_ socket: UnixSocket) {
      var told = state.withLock(\.faults)
      while true {
        let now = state.withLock { state in
          defer { state.hangsUp = false }
          return state
        }
        if now.isOver || now.hangsUp { return }
        while told < now.faults {
          told += 1
          socket.write(line: (told > now.hidden ? message(told) : .object(["event": .string("lost")])).line)
        }
        guard socket.hasInput(milliseconds: 5) else { continue }
        guard let request = socket.readLine().flatMap(ControlMessage.init) else { return }
        var answer: [String: ReportValue] = ["id": request.id, "ok": .bool(true)]
        switch request.command {
        case "files": answer["files"] = .list([])
        case "faults":
          let after = Int((try? request.number("after")) ?? 0), faults = state.withLock(\.faults)
          answer["faults"] = .list(after < faults ? (after + 1...faults).map(message) : [])
        default: break
        }
        socket.write(line: ReportValue.object(answer).line)
      }
    }

    private func message(_ number: Int) -> ReportValue {
      .object(["event": .string("fault"), "fault": .string("dark \(number)"), "number": .int(number)])
    }
  }

  /// These faults are read next, and none beside them.
  private func expect(_ numbers: ClosedRange<Int>, from contact: inout RunContact, _ comment: Comment? = nil) throws {
    var messages: [[String: ReportValue]] = []
    let limit = ContinuousClock.now + .seconds(120)
    while messages.filter({ $0["fault"] != nil }).count < numbers.count {
      try #require(ContinuousClock.now < limit, "\(messages)")
      contact.keep(SystemClock())
      messages += contact.read(milliseconds: 20)
    }
    #expect(messages.allSatisfy { $0["number"] == nil }, "\(messages)")
    #expect(messages.compactMap { $0["fault"] } == numbers.map { .string("dark \($0)") }, comment)
  }

  @Test("given a connection that is lost, when the run tells of faults meanwhile, then each of them is read once")
  func lostConnection() throws {
    let run = Run(folder.socket), thread = try run.start()
    defer {
      run.end()
      thread.join()
    }
    run.tell()
    var contact = RunContact(folder, SystemClock().now(), isFound: false)
    try expect(1...1, from: &contact, "it was told before anybody was there")
    run.tell()
    try expect(2...2, from: &contact)
    run.hangUp()
    run.tell()
    run.tell()
    try expect(3...4, from: &contact)
    run.tell(isHidden: true)
    try expect(5...5, from: &contact, "the run has discarded it, and knows it still")
  }

  @Test(
    "given a supervisor that leaves, when another one takes the run over, then it begins where the first has stopped")
  func takenOver() throws {
    let run = Run(folder.socket), thread = try run.start()
    defer {
      run.end()
      thread.join()
    }
    for _ in 1...3 { run.tell() }
    var first = RunContact(folder, SystemClock().now(), isFound: false)
    try expect(1...3, from: &first)
    first.noteTold()
    // A run has a connection at a time.
    run.hangUp()
    run.tell()
    var second = RunContact(folder, SystemClock().now(), isFound: true)
    try expect(4...4, from: &second)
    // One of an older version has left no word of what it has read.
    try FileManager.default.removeItem(atPath: folder.told)
    run.hangUp()
    var third = RunContact(folder, SystemClock().now(), isFound: true)
    while !third.isConnected { third.keep(SystemClock()) }
    run.tell()
    try expect(5...5, from: &third)
  }
}
