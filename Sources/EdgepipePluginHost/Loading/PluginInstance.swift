import CEdgepipePlugin
import EdgepipeCore

/// One instance in this process. Used by one thread; a fault of the plugin is one of the process.
@safe final class PluginInstance: PluginRunning {
  private let type: edgepipe_stage_type
  private let name: String
  private let context: InstanceContext
  private let output: OutputCollector
  private let memory = CallMemory()
  // SAFETY: the plugin's own, given back to it alone; nil after `close`.
  private var instance: UnsafeMutableRawPointer?
  private var isOpen = false

  /// - Parameter pointer: the descriptor, which lives as long as the library, that is for good.
  init(
    _ type: edgepipe_stage_type, at pointer: UnsafePointer<edgepipe_stage_type>, _ setup: PluginSetup,
    log: @escaping PluginLog
  ) throws(PluginFailure) {
    unsafe self.type = type
    name = setup.type
    context = InstanceContext(setup, log: log)
    output = OutputCollector(stage: setup.stage)
    guard let create = unsafe type.create else {
      throw PluginFailure(.stopPipeline, "the plugin's type '\(setup.type)' has no create", code: .mismatch)
    }
    let configuration = unsafe memory.text(String(decoding: setup.configuration, as: UTF8.self))
    var made: UnsafeMutableRawPointer?
    // SAFETY: all pointers are valid for the call, and the context until `close`.
    let status = unsafe create(pointer, context.context, configuration, &made)
    memory.reset()
    guard status == UInt32(EDGEPIPE_OK) else {
      let said = context.takeFailure()
      throw PluginFailure(
        status == UInt32(EDGEPIPE_RESTART_STAGE) ? .restartStage : .stopPipeline,
        "the plugin cannot make a '\(setup.type)'" + (said.map { ": \($0)" } ?? ""),
        code: .invalidConfiguration)
    }
    unsafe instance = made
    isOpen = true
  }

  deinit { close() }

  func process(_ frame: PluginFrame) throws(PluginFailure) -> PluginAnswer {
    guard isOpen, let process = unsafe type.process else { throw missing("process") }
    memory.reset()
    context.begin(stream: frame.stream, sequence: frame.sequence, now: frame.now)
    let given = unsafe FrameLayout(memory: memory).frame(frame)
    // SAFETY: frame and output are valid for the call; the picture lives as long as `frame`.
    let status = unsafe process(instance, given, output.open())
    switch Int(status) {
    case Int(EDGEPIPE_OK): return try output.close(.done)
    case Int(EDGEPIPE_DROP_FRAME): return try output.close(.drop)
    default:
      output.discard()
      throw failure(status, of: "process")
    }
  }

  func next(now: MonotonicTime) throws(PluginFailure) -> PluginAnswer {
    guard isOpen, let next = unsafe type.next else { throw missing("next") }
    context.begin(stream: "", sequence: 0, now: now)
    // SAFETY: the output is valid for the call.
    let status = unsafe next(instance, output.open())
    switch Int(status) {
    case Int(EDGEPIPE_OK):
      let answer = try output.close(.done)
      guard answer.source != nil else {
        throw PluginFailure(.restartStage, "next of '\(name)' answered without a frame", code: .malformed)
      }
      return answer
    case Int(EDGEPIPE_AGAIN): return try output.close(.again)
    case Int(EDGEPIPE_ENDED): return try output.close(.ended)
    default:
      output.discard()
      throw failure(status, of: "next")
    }
  }

  func configure(_ configuration: [UInt8]) throws(PluginFailure) {
    guard isOpen, let configure = unsafe type.configure else { throw missing("configure") }
    memory.reset()
    // SAFETY: the text is valid for the call.
    try check(
      unsafe configure(instance, memory.text(String(decoding: configuration, as: UTF8.self))), of: "configure")
  }

  func note(_ health: PluginHealth) throws(PluginFailure) {
    guard isOpen, let note = unsafe type.health else { return }
    memory.reset()
    // SAFETY: the structure is valid for the call.
    try check(unsafe note(instance, FrameLayout(memory: memory).health(health)), of: "health")
  }

  func flush() throws(PluginFailure) {
    guard isOpen, let flush = unsafe type.flush else { return }
    // SAFETY: the instance is the plugin's own.
    try check(unsafe flush(instance), of: "flush")
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    // SAFETY: nothing is called with the instance afterwards.
    unsafe type.destroy?(instance)
    unsafe instance = nil
  }

  private func check(_ status: edgepipe_status, of function: String) throws(PluginFailure) {
    if status != UInt32(EDGEPIPE_OK) { throw failure(status, of: function) }
  }

  private func failure(_ status: edgepipe_status, of function: String) -> PluginFailure {
    let said = context.takeFailure()
    return PluginFailure(
      PluginFailure.Consequence(rawValue: status) ?? .restartStage,
      said.map { "\(name): \($0)" } ?? "\(function) of '\(name)' failed with status \(status)")
  }

  private func missing(_ function: String) -> PluginFailure {
    PluginFailure(
      .stopPipeline, isOpen ? "the plugin's type '\(name)' has no \(function)" : "'\(name)' is closed", code: .mismatch)
  }
}
