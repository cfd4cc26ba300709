import EdgepipeCore
import Glibc

/// Serves one instance of a plugin: takes calls from the connection, makes them, and answers.
final class PluginService {
  private let connection: WireConnection
  private var library: PluginLibrary?
  private var instance: (any PluginRunning)?
  private var pictures: SharedMemory?
  private var answers: SharedMemory?

  init(_ connection: WireConnection) { self.connection = connection }

  /// Returns once the program says so.
  ///
  /// - Throws: ``WireFailure/ended`` where the program has gone.
  func run() throws(WireFailure) {
    while true {
      var message = try connection.receive()
      if message.kind == .memory {
        try map(&message.content)
        continue
      }
      do throws(PluginFailure) {
        if try serve(message) { return }
      } catch {
        try connection.send(.failed, call: message.call) { $0.write(error) }
      }
    }
  }

  /// True after the last call.
  private func serve(_ message: WireConnection.Message) throws(PluginFailure) -> Bool {
    var content = message.content
    switch message.kind {
    case .make: try make(try read { () throws(WireFailure) in try content.setup() })
    case .frame:
      var (frame, place) = try read { () throws(WireFailure) in try content.frame() }
      if let place, let pictures { frame.picture = place.picture(in: pictures) }
      try answer(try running.process(frame), call: message.call)
      return false
    case .next:
      let now = MonotonicTime(nanoseconds: try read { () throws(WireFailure) in try content.nanoseconds() })
      try answer(try running.next(now: now), call: message.call)
      return false
    case .configure: try running.configure(try read { () throws(WireFailure) in try content.data() })
    case .health: try running.note(try read { () throws(WireFailure) in try content.health() })
    case .flush: try running.flush()
    case .close:
      instance?.close()
      instance = nil
      try send(.done, call: message.call)
      return true
    case .order, .memory, .shut, .done, .failed, .answer:
      throw PluginFailure(.restartStage, "message \(message.kind) is none for a plugin")
    }
    try send(.done, call: message.call)
    return false
  }

  private var running: any PluginRunning {
    get throws(PluginFailure) {
      guard let instance else { throw PluginFailure(.restartStage, "there is no instance") }
      return instance
    }
  }

  private func make(_ setup: PluginSetup) throws(PluginFailure) {
    let library = try PluginLibrary(opening: setup.path)
    self.library = library
    instance = try library.makeInstance(setup, log: { PluginChild.log($0, $1) })
  }

  private func map(_ content: inout WireReader) throws(WireFailure) {
    let use = try content.value(SharedMemory.Use.self), byteCount = try content.int()
    guard let descriptor = connection.takeDescriptor() else { throw .malformed("memory without a descriptor") }
    do throws(SharedMemory.Failure) {
      let memory = try SharedMemory(opening: descriptor, use, byteCount: byteCount)
      switch use {
      case .pictures: pictures = memory
      case .answers: answers = memory
      }
    } catch {
      throw .malformed("memory that cannot be used: \(error)")
    }
  }

  private func answer(_ answer: PluginAnswer, call: UInt64) throws(PluginFailure) {
    var place: SharedPicture?
    if let picture = answer.picture {
      guard let answers, let placed = SharedPicture(placing: picture), let count = placed.byteCount,
        count <= answers.slotBytes
      else {
        throw PluginFailure(.skipFrame, "a picture of \(picture.width)x\(picture.height) is too large to pass on")
      }
      let moved = placed.moved(by: answers.slot(of: call))
      moved.copy(picture, to: answers)
      place = moved
    }
    try send(.answer, call: call) { $0.write(answer, picture: place) }
  }

  private func send(_ kind: WireKind, call: UInt64, _ content: (inout WireWriter) -> Void = { _ in })
    throws(PluginFailure)
  {
    do throws(WireFailure) {
      try connection.send(kind, call: call, content)
    } catch {
      throw PluginFailure(.skipFrame, "the answer cannot be sent: \(error.description)")
    }
  }

  private func read<Value>(_ body: () throws(WireFailure) -> Value) throws(PluginFailure) -> Value {
    do throws(WireFailure) {
      return try body()
    } catch {
      throw PluginFailure(.restartStage, "a call that cannot be read: \(error.description)")
    }
  }
}
