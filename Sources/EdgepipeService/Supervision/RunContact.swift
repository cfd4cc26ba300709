import EdgepipeCore
import Foundation
import Pipeline

/// The connection to a run's control socket: made again when it is lost, kept alive, and read. What the run tells of faults
/// meanwhile is asked for then, so that each is read once, also where supervisors take turns.
struct RunContact: ~Copyable {
  private static let everyS = 5.0
  /// A run answers these requests at once, unless it hangs.
  private static let patienceMs = 5000.0

  private let socket: String
  private let told: String
  private var client: ControlClient?
  private var lastAnswer: MonotonicTime
  private var nextContact: MonotonicTime
  private(set) var hasAnswered = false
  /// What happened before the connection was made.
  private var missed: [[String: ReportValue]] = []
  /// The number of the last message of a fault that was read; nil where it is not known what an earlier supervisor has read.
  private var lastFault: Int?
  /// What the file says.
  private var notedFault: Int?

  /// - Parameter isFound: the run goes on from an earlier supervisor.
  init(_ folder: RunFolder, _ now: MonotonicTime, isFound: Bool) {
    (socket, told) = (folder.socket, folder.told)
    (lastAnswer, nextContact) = (now, now)
    if isFound {
      lastFault = (try? String(contentsOfFile: told, encoding: .utf8)).flatMap {
        Int($0.trimmingCharacters(in: .newlines))
      }
      notedFault = lastFault
    } else {
      lastFault = 0
      noteTold()
    }
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

  /// What was read is passed on: a later supervisor of the same run begins behind it.
  mutating func noteTold() {
    guard let lastFault, lastFault != notedFault else { return }
    // Where it cannot be written, a later supervisor tells faults again.
    try? Data("\(lastFault)\n".utf8).write(to: URL(fileURLWithPath: told), options: .atomic)
    notedFault = lastFault
  }

  /// A run that an older version has started knows less, and goes on all the same.
  private mutating func subscribe(_ client: ControlClient) throws(PipelineError) {
    if lastFault == nil { lastFault = try faults(client, after: 0).compactMap(Self.faultNumber).max() ?? 0 }
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
    missed += try faults(client, after: lastFault ?? 0)
  }

  private func faults(_ client: ControlClient, after number: Int) throws(PipelineError) -> [[String: ReportValue]] {
    do throws(PipelineError) {
      guard case .list(let faults)? = try client.ask("faults", ["after": .int(number)])["faults"] else { return [] }
      return faults.compactMap { if case .object(let members) = $0 { members } else { nil } }
    } catch {
      guard error.code == .invalidArgument else { throw error }
      return []
    }
  }

  /// Where messages were discarded, those of faults are still known, and come before what follows.
  private mutating func lost(before message: [String: ReportValue], _ client: ControlClient) -> [[String: ReportValue]]
  {
    guard message["event"] == .string("lost") else { return [] }
    do throws(PipelineError) { return try faults(client, after: lastFault ?? 0) } catch {
      self.client = nil
      return []
    }
  }

  /// The number of a message that tells of a fault, or of the end of one.
  private static func faultNumber(_ message: [String: ReportValue]) -> Int? {
    guard case .string(let event)? = message["event"], ["fault", "recovered", "health"].contains(event),
      case .int(let number)? = message["number"]
    else { return nil }
    return number
  }

  /// Without the number, which is between a run and its supervisor; nil for what was read before.
  private mutating func news(_ message: [String: ReportValue]) -> [String: ReportValue]? {
    guard let number = Self.faultNumber(message) else { return message }
    guard number > lastFault ?? 0 else { return nil }
    lastFault = number
    var message = message
    message["number"] = nil
    return message
  }

  /// What has come, also of a run that has ended.
  ///
  /// - Parameter milliseconds: how long to wait for the first message.
  mutating func read(milliseconds: Double) -> [[String: ReportValue]] {
    var messages: [[String: ReportValue]] = [], wait = milliseconds
    for message in missed { if let message = news(message) { messages.append(message) } }
    missed = []
    // A run that says more than this between two looks is read on at the next one.
    while let client, messages.count < 2000 {
      switch client.next(milliseconds: wait) {
      case .message(.object(let members)):
        for one in lost(before: members, client) + [members] { if let message = news(one) { messages.append(message) } }
      case .message: break
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
