import EdgepipeCore
import EdgepipePluginHost

/// The program's side of the conversation with one process of a plugin: calls go out numbered, answers are checked, pictures
/// go by shared memory.
final class PluginContact {
  enum Trouble: Error {
    /// The plugin says so itself, and goes on.
    case refused(PluginFailure)
    /// The process is gone, or is not to be trusted any more.
    case broken(WireFailure)
  }

  /// A call that will be answered.
  struct Sent {
    fileprivate let call: UInt64
    /// Where a picture of the answer lies.
    fileprivate let answers: SharedMemory?
  }

  private let life: PluginLife
  private let connection: WireConnection
  private var calls: UInt64 = 0
  private var pictures: SharedMemory?
  private var answers: SharedMemory?
  private var limitMs = 0

  var id: Int32 { life.id }

  init(_ launch: PluginLaunch, log: @escaping PluginLog) throws(PluginFailure) {
    life = try PluginLife(
      launch.program, memoryBytes: launch.policy.memoryBytes, environment: PluginEnvironment.variables(), log: log)
    connection = WireConnection(life.socket)
  }

  /// Has it shut itself in, then make the instance.
  func open(_ launch: PluginLaunch, _ setup: PluginSetup) throws(Trouble) -> [SandboxGap] {
    limit(launch.startLimitMs)
    let order = SandboxOrder(policy: launch.policy, parent: PluginEnvironment.process, program: launch.interpreter)
    try wire { () throws(WireFailure) in try connection.send(.order, call: 0) { $0.write(order) } }
    var shut = try reply(to: 0, of: .shut, limitMs: launch.startLimitMs)
    let gaps = try wire { () throws(WireFailure) in try shut.gaps() }
    try call(.make, limitMs: launch.startLimitMs) { $0.write(setup) }
    // How large a source's pictures are is not known before.
    if launch.role == .source { try share(.answers, slotBytes: Self.sourceSlotBytes) }
    return gaps
  }

  private static let sourceSlotBytes = 128 << 20

  /// Sends a frame, its picture copied.
  func send(_ frame: PluginFrame, makesPictures: Bool) throws(Trouble) -> Sent {
    var place: SharedPicture?
    if let picture = frame.picture {
      guard let placed = SharedPicture(placing: picture), let count = placed.byteCount else {
        throw .refused(PluginFailure(.skipFrame, "a picture of \(picture.width)x\(picture.height) cannot be passed on"))
      }
      let memory = try room(.pictures, slotBytes: count)
      let moved = placed.moved(by: memory.slot(of: calls + 1))
      moved.copy(picture, to: memory)
      place = moved
    }
    if makesPictures { _ = try room(.answers, slotBytes: Self.mostBytes(frame.width, frame.height)) }
    return Sent(call: try send(.frame) { $0.write(frame, picture: place) }, answers: answers)
  }

  /// Of a picture in any format: four values of two bytes a pixel, and what alignment adds.
  private static func mostBytes(_ width: Int, _ height: Int) -> Int {
    (max(1, width) + 64) * (max(1, height) + 4) * 8
  }

  /// - Returns: the answer; its picture stays where it is until the call after the next.
  func answer(to sent: Sent, limitMs: Int) throws(Trouble) -> PluginAnswer {
    var content = try reply(to: sent.call, of: .answer, limitMs: limitMs)
    return try wire { () throws(WireFailure) in
      var (answer, place) = try content.answer()
      try content.finish()
      if let place {
        guard let answers = sent.answers, let picture = place.picture(in: answers) else {
          throw .malformed("a picture outside of its memory")
        }
        answer.picture = picture
      }
      return answer
    }
  }

  func call(_ kind: WireKind, limitMs: Int, _ content: (inout WireWriter) -> Void = { _ in }) throws(Trouble) {
    let call = try send(kind, content)
    let content = try reply(to: call, of: .done, limitMs: limitMs)
    try wire { () throws(WireFailure) in try content.finish() }
  }

  /// Asks a source for its next frame.
  func askNext(now: MonotonicTime) throws(Trouble) -> Sent {
    Sent(call: try send(.next) { $0.write(now) }, answers: answers)
  }

  private func send(_ kind: WireKind, _ content: (inout WireWriter) -> Void) throws(Trouble) -> UInt64 {
    calls += 1
    let call = calls
    try wire { () throws(WireFailure) in try connection.send(kind, call: call, content) }
    return call
  }

  private func reply(to call: UInt64, of kind: WireKind, limitMs: Int) throws(Trouble) -> WireReader {
    limit(limitMs)
    let deadline = SystemClock().now().advanced(byMilliseconds: Double(limitMs))
    var message = try wire { () throws(WireFailure) in try connection.receive(until: deadline) }
    guard message.call == call else {
      throw .broken(.malformed("an answer to call \(message.call) in place of \(call)"))
    }
    if message.kind == .failed {
      throw .refused(try wire { () throws(WireFailure) in try message.content.failure() })
    }
    guard message.kind == kind else { throw .broken(.malformed("message \(message.kind) in place of \(kind)")) }
    return message.content
  }

  /// Memory in which a picture of a call has room. The same one for all calls as long as pictures do not grow.
  private func room(_ use: SharedMemory.Use, slotBytes: Int) throws(Trouble) -> SharedMemory {
    let current = use == .pictures ? pictures : answers
    if let current, current.slotBytes >= slotBytes { return current }
    return try share(use, slotBytes: slotBytes)
  }

  @discardableResult
  private func share(_ use: SharedMemory.Use, slotBytes: Int) throws(Trouble) -> SharedMemory {
    let page = 4096, slot = (slotBytes + page - 1) / page * page
    let memory: SharedMemory
    do throws(SharedMemory.Failure) {
      memory = try SharedMemory(use, byteCount: slot * SharedMemory.slots)
    } catch {
      throw .refused(PluginFailure(.skipFrame, "no memory for pictures of \(slot) bytes: \(error)", code: .unavailable))
    }
    try wire { () throws(WireFailure) in
      try connection.send(.memory, call: 0, descriptor: memory.descriptor) { writer in
        writer.write(use.rawValue)
        writer.write(memory.byteCount)
      }
    }
    if use == .pictures { pictures = memory } else { answers = memory }
    life.sharedBytes.store((pictures?.byteCount ?? 0) + (answers?.byteCount ?? 0), ordering: .relaxed)
    return memory
  }

  private func limit(_ milliseconds: Int) {
    if limitMs != milliseconds { connection.socket.limit(milliseconds: milliseconds) }
    limitMs = milliseconds
  }

  private func wire<Value>(_ body: () throws(WireFailure) -> Value) throws(Trouble) -> Value {
    do throws(WireFailure) {
      return try body()
    } catch {
      throw .broken(error)
    }
  }

  /// What to say of a process that is broken; ends it.
  func reason(_ failure: WireFailure, limitMs: Int) -> String {
    if failure != .ended { life.end(.stopped) }
    switch (life.join(), failure) {
    case (.flood, _): return "it wrote more than \(OutputAllowance.bytesInTenSeconds >> 20) MB within 10 s to its log"
    case (.memory(let megabytes), _): return "it held \(megabytes) MB of memory"
    case (_, .late): return "it did not answer within \(limitMs) ms"
    case (.ended(let end), _): return "it ended with \(end)"
    case (.stopped, _): return failure.description
    }
  }

  /// Asks it to destroy the instance, and waits a second at most.
  func close() {
    try? call(.close, limitMs: Self.closeLimitMs)
    end()
  }

  private static let closeLimitMs = 1000

  /// Ends it at once.
  func end() {
    life.end(.stopped)
    _ = life.join()
  }
}
