import CEdgepipePlugin
import EdgepipeCore
import Glibc

/// What an instance can ask of the program: the other side of `edgepipe_context`.
///
/// `log` may be called by any thread, the rest by the instance's own.
@safe final class InstanceContext {
  // SAFETY: owned by this object; its `host` points to this object, which outlives it.
  let context: UnsafeMutablePointer<edgepipe_context>
  private let texts: CallMemory
  private let stage: String
  private let log: PluginLog
  private var now = MonotonicTime(nanoseconds: 0)
  private var random = SplitMix64(seed: 0)
  private var failure: String?

  init(_ setup: PluginSetup, log: @escaping PluginLog) {
    self.log = log
    stage = setup.stage
    texts = CallMemory()
    unsafe context = .allocate(capacity: 1)
    unsafe context.initialize(to: edgepipe_context())
    unsafe context.pointee.size = UInt32(EDGEPIPE_SIZE_edgepipe_context)
    unsafe context.pointee.worker = UInt32(clamping: setup.worker)
    unsafe context.pointee.host = Unmanaged.passUnretained(self).toOpaque()
    unsafe context.pointee.stage = texts.text(setup.stage)
    unsafe context.pointee.pipeline = texts.text(setup.pipeline)
    unsafe context.pointee.is_replay = setup.isReplay ? 1 : 0
    unsafe context.pointee.log = { context, level, message in
      guard let own = unsafe InstanceContext.of(context), let message = unsafe message else { return }
      own.log(PluginLogLevel(rawValue: level) ?? .info, unsafe InstanceContext.text(message))
    }
    unsafe context.pointee.fail = { context, message in
      guard let own = unsafe InstanceContext.of(context), let message = unsafe message else { return }
      own.failure = unsafe InstanceContext.text(message)
    }
    unsafe context.pointee.now = { context in unsafe InstanceContext.of(context)?.now.nanoseconds ?? 0 }
    unsafe context.pointee.random = { context in
      guard let own = unsafe InstanceContext.of(context) else { return 0 }
      return own.random.next()
    }
    begin(stream: "", sequence: -1, now: now)
  }

  deinit { unsafe context.deallocate() }

  /// Begins a call: what the clock says, and where random numbers begin.
  func begin(stream: String, sequence: Int, now: MonotonicTime) {
    self.now = now
    failure = nil
    random = SplitMix64(seed: Self.seed(stage, stream, sequence))
  }

  /// What the plugin said of its error, once.
  func takeFailure() -> String? {
    defer { failure = nil }
    return failure
  }

  private static let longestText = 4096

  private static func of(_ context: UnsafePointer<edgepipe_context>?) -> InstanceContext? {
    // SAFETY: `host` is the context's owner, which lives as long as the instance.
    unsafe context?.pointee.host.map { unsafe Unmanaged<InstanceContext>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func text(_ pointer: UnsafePointer<CChar>) -> String {
    // SAFETY: texts of the interface end in a zero byte; of long ones the rest is left out.
    let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: strnlen(pointer, longestText))
    return unsafe String(decoding: bytes, as: UTF8.self)
  }

  /// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), since a replay must get the same.
  private static func seed(_ stage: String, _ stream: String, _ sequence: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    for byte in stage.utf8 { add(byte) }
    add(0)
    for byte in stream.utf8 { add(byte) }
    add(0)
    for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: Int64(sequence) >> Int64(shift))) }
    return hash
  }
}
