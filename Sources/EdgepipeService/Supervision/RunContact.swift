import EdgepipeCore
import Pipeline

/// The connection to a run's control socket: made again when it is lost, kept alive, and read.
struct RunContact: ~Copyable {
  private static let everyS = 5.0
  /// A run answers these requests at once, unless it hangs.
  private static let patienceMs = 5000.0

  private let socket: String
  private var client: ControlClient?
  private var lastAnswer: MonotonicTime
  private var nextContact: MonotonicTime
  private(set) var hasAnswered = false
  /// What happened before the connection was made.
  private var missed: [[String: ReportValue]] = []

  init(_ socket: String, _ now: MonotonicTime) {
    self.socket = socket
    (lastAnswer, nextContact) = (now, now)
  }

  var isConnected: Bool { client != nil }

  func silentForS(at now: MonotonicTime) -> Double { Double(now.nanoseconds(since: lastAnswer)) / 1e9 }

  /// Connects where that is to be done, and tells the run that its supervisor is there where that is due.
  mutating func keep(_ clock: some PipelineClock) {
    do throws(PipelineError) {
      let now = clock.now()
      if client == nil {
        let client = try ControlClient(path: socket, patienceMs: Self.patienceMs)
        try subscribe(client)
        self.client = client
        nextContact = now
      }
      guard let client, now >= nextContact else { return }
      _ = try client.ask("supervise")
      hasAnswered = true
      lastAnswer = clock.now()
      nextContact = lastAnswer.advanced(byMilliseconds: Self.everyS * 1000)
    } catch {
      client = nil
    }
  }

  /// A run that an older version has started knows less, and goes on all the same.
  private mutating func subscribe(_ client: ControlClient) throws(PipelineError) {
    let usual = ["health", "events", "figures"]
    func topics(_ names: [String]) -> [String: ReportValue] { ["topics": .list(names.map { .string($0) })] }
    do throws(PipelineError) { _ = try client.ask("subscribe", topics(usual + ["files"])) } catch {
      guard error.code == .invalidArgument else { throw error }
      _ = try client.ask("subscribe", topics(usual))
      return
    }
    // Those of a time without a supervisor.
    guard case .list(let files)? = try client.ask("files")["files"] else { return }
    for case .object(let members) in files { missed.append(members) }
  }

  /// What has come, also of a run that has ended.
  ///
  /// - Parameter milliseconds: how long to wait for the first message.
  mutating func read(milliseconds: Double) -> [[String: ReportValue]] {
    var messages = missed, wait = milliseconds
    missed = []
    // A run that says more than this between two looks is read on at the next one.
    while let client, messages.count < 2000 {
      switch client.next(milliseconds: wait) {
      case .message(let value): if case .object(let members) = value { messages.append(members) }
      case .nothing: return messages
      case .ended: self.client = nil
      }
      wait = 0
    }
    return messages
  }

  /// Detectors look at this share of live streams' frames at most.
  ///
  /// - Returns: false where the run did not answer; one that does not know the command, of an older version, has.
  mutating func limit(_ share: Double) -> Bool {
    guard let client else { return false }
    do throws(PipelineError) { _ = try client.ask("limit-detection", ["share": .double(share)]) } catch {
      if error.code == .invalidArgument { return true }
      self.client = nil
      return false
    }
    return true
  }

  /// Has the run write into its log where its threads are.
  mutating func writeStacks() {
    guard let client else { return }
    do throws(PipelineError) { _ = try client.ask("stacks") } catch { self.client = nil }
  }

  /// - Returns: false where the run does not take it.
  mutating func drain() -> Bool {
    guard let client else { return false }
    if (try? client.ask("drain")) != nil { return true }
    // Its answer may come later, and would be taken for that to another request.
    self.client = nil
    return false
  }
}
