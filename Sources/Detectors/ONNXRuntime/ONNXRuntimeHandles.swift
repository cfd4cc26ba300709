import COnnxRuntime
import EdgepipeCore
import Foundation
import Synchronization

// One owner for each of the library's handles: made in `init`, released in `deinit`, the pointer used only while the
// owner lives. They are noncopyable values, so that a frame's tensors cost no allocation of ours.
//
// SAFETY (all of them): `pointer` comes from the matching Create function, which reported success, and is released
// once.

enum ONNXRuntimeConstant {
  /// Only what ends the process: failures come back as statuses, and the library's warnings about how a model was
  /// exported, dozens of lines for some, help nobody who runs it.
  static let logFatal: Int32 = 4
  static let optimizeAll: Int32 = 99
  static let sequential: Int32 = 0
  static let deviceAllocator: Int32 = 0
  static let arenaAllocator: Int32 = 1
  static let growAsRequested: Int32 = 1
  static let firstPoolBytes: Int32 = 1 << 16
  /// Of a block that is not cut although it is larger than what was asked for.
  static let unsplitPoolBytes: Int32 = 1 << 14
  static let defaultMemory: Int32 = 0
  static let failed: Int32 = 1
  static let invalidArgument: Int32 = 2
}

@safe final class ONNXRuntimeEnvironment: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the library documents its environment as usable from every thread.
  let library: ONNXRuntimeLibrary
  let pointer: OpaquePointer
  /// Nil where the library is too old for them: models without them run all the same.
  let operators: ONNXRuntimeOperators?

  init(_ library: ONNXRuntimeLibrary) throws {
    operators = library.takesOperators ? try ONNXRuntimeOperators(library) : nil
    self.library = library
    unsafe pointer = try unsafe Self.users.withLock { users in
      var made: OpaquePointer?
      try unsafe library.check(library.api.pointee.CreateEnv(ONNXRuntimeConstant.logFatal, "edgepipe", &made))
      let owned = try unsafe library.owned(made)
      do {
        if users == 0 { try unsafe Self.registerPool(library, owned) }
      } catch {
        unsafe library.api.pointee.ReleaseEnv(owned)
        throw error
      }
      users += 1
      return unsafe owned
    }
  }

  deinit {
    Self.users.withLock { users in
      unsafe library.api.pointee.ReleaseEnv(pointer)
      users -= 1
    }
  }

  /// The library has one environment for the whole process and counts its users. While the last of them gives it back, it
  /// refuses to make a new one ("Only one instance of LoggingManager"): one after the other, then.
  private static let users = Monitor(0)

  /// One pool of memory for all sessions, which grows by what is asked for.
  ///
  /// The pool that each session has otherwise grows in powers of two and keeps what its first run needed; the system's
  /// allocator leaves holes that cost a second worker twice what it holds.
  private static func registerPool(_ library: ONNXRuntimeLibrary, _ environment: OpaquePointer) throws {
    let memory = try ONNXRuntimeMemoryInfo(library, allocator: ONNXRuntimeConstant.arenaAllocator)
    var made: OpaquePointer?
    try unsafe library.check(
      library.api.pointee.CreateArenaCfg(
        0, ONNXRuntimeConstant.growAsRequested, ONNXRuntimeConstant.firstPoolBytes,
        ONNXRuntimeConstant.unsplitPoolBytes, &made))
    let arena = try unsafe library.owned(made)
    defer { unsafe library.api.pointee.ReleaseArenaCfg(arena) }
    try unsafe library.check(
      library.api.pointee.CreateAndRegisterAllocator(environment, memory.pointer, arena))
  }
}

@safe struct ONNXRuntimeSessionOptions: ~Copyable {
  private let library: ONNXRuntimeLibrary
  let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary) throws {
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.CreateSessionOptions(&made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  /// One operator after the other, each with `threads` threads, and every graph optimisation.
  func configure(threads: Int) throws {
    let api = unsafe library.api
    try unsafe library.check(api.pointee.SetIntraOpNumThreads(pointer, Int32(clamping: max(1, threads))))
    try unsafe library.check(api.pointee.SetInterOpNumThreads(pointer, 1))
    try unsafe library.check(api.pointee.SetSessionExecutionMode(pointer, ONNXRuntimeConstant.sequential))
    try unsafe library.check(api.pointee.SetSessionGraphOptimizationLevel(pointer, ONNXRuntimeConstant.optimizeAll))
    // The environment's pool, which all sessions share.
    try unsafe library.check(api.pointee.AddSessionConfigEntry(pointer, "session.use_env_allocators", "1"))
    // Threads that spin while they wait take the cores that decoding needs.
    try unsafe library.check(api.pointee.AddSessionConfigEntry(pointer, "session.intra_op.allow_spinning", "0"))
  }

  /// Lets sessions made with these options run operators of ours.
  func add(_ operators: ONNXRuntimeOperators) throws { try unsafe operators.add(to: pointer) }

  deinit { unsafe library.api.pointee.ReleaseSessionOptions(pointer) }
}

@safe struct ONNXRuntimeSessionHandle: ~Copyable {
  private let environment: ONNXRuntimeEnvironment
  let pointer: OpaquePointer

  init(_ environment: ONNXRuntimeEnvironment, model: Data, options: borrowing ONNXRuntimeSessionOptions) throws {
    let library = environment.library
    var made: OpaquePointer?
    func create() throws {
      try unsafe model.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { throw ONNXRuntimeFailure(code: 2, message: "the file is empty") }
        // SAFETY: the bytes live through the call; the library copies what it keeps.
        try unsafe library.check(
          library.api.pointee.CreateSessionFromArray(
            environment.pointer, start, bytes.count, options.pointer, &made))
      }
    }
    if Self.knowsOperators.withLock({ $0 }) {
      try create()
    } else {
      try Self.knowsOperators.withLock { known in
        try create()
        known = true
      }
    }
    let owned = try unsafe library.owned(made)
    self.environment = environment
    unsafe pointer = unsafe owned
  }

  /// True once a session was made. The first one tells the library, for the whole process, of the operators' domain, and
  /// two that do so at the same time would fail: so the first is made alone.
  private static let knowsOperators = Mutex(false)

  deinit { unsafe environment.library.api.pointee.ReleaseSession(pointer) }
}

@safe struct ONNXRuntimeMemoryInfo: ~Copyable {
  private let library: ONNXRuntimeLibrary
  let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary, allocator: Int32 = ONNXRuntimeConstant.deviceAllocator) throws {
    var made: OpaquePointer?
    try unsafe library.check(
      library.api.pointee.CreateCpuMemoryInfo(
        allocator, ONNXRuntimeConstant.defaultMemory, &made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  deinit { unsafe library.api.pointee.ReleaseMemoryInfo(pointer) }
}

/// A tensor of the library: a view of our memory (inputs) or its own memory (outputs).
@safe struct ONNXRuntimeValue: ~Copyable {
  private let library: ONNXRuntimeLibrary
  let pointer: OpaquePointer

  /// A view of `bytes`, which must outlive this value.
  init(
    _ library: ONNXRuntimeLibrary, over bytes: UnsafeMutableRawBufferPointer, shape: borrowing [Int64], element: Int32,
    memory: borrowing ONNXRuntimeMemoryInfo
  ) throws {
    var made: OpaquePointer?
    guard let start = bytes.baseAddress else { throw ONNXRuntimeFailure(code: 2, message: "empty tensor") }
    try unsafe library.check(
      library.api.pointee.CreateTensorWithDataAsOrtValue(
        memory.pointer, start, bytes.count, shape, shape.count, element, &made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  deinit { unsafe library.api.pointee.ReleaseValue(pointer) }
}

/// Element type and shape of a tensor.
@safe struct ONNXRuntimeShapeInfo: ~Copyable {
  private let library: ONNXRuntimeLibrary
  private let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary, of value: OpaquePointer) throws {
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.GetTensorTypeAndShape(value, &made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  func shape() throws -> [Int] { try unsafe library.dimensions(pointer) }
  func element() throws -> Int32 { try unsafe library.elementType(pointer) }

  deinit { unsafe library.api.pointee.ReleaseTensorTypeAndShapeInfo(pointer) }
}

/// The declared type of a model's input or output.
@safe struct ONNXRuntimeTypeInfo: ~Copyable {
  private let library: ONNXRuntimeLibrary
  private let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary, session: borrowing ONNXRuntimeSessionHandle, input index: Int) throws {
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.SessionGetInputTypeInfo(session.pointer, index, &made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  init(_ library: ONNXRuntimeLibrary, session: borrowing ONNXRuntimeSessionHandle, output index: Int) throws {
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.SessionGetOutputTypeInfo(session.pointer, index, &made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  /// Element type and shape (free dimensions are -1), or nil for what is not a tensor.
  func tensor() throws -> (element: Int32, shape: [Int])? {
    var info: OpaquePointer?
    // SAFETY: the info that comes back belongs to the type info and lives as long.
    try unsafe library.check(library.api.pointee.CastTypeInfoToTensorInfo(pointer, &info))
    guard let info = unsafe info else { return nil }
    return try unsafe (library.elementType(info), library.dimensions(info))
  }

  deinit { unsafe library.api.pointee.ReleaseTypeInfo(pointer) }
}

extension ONNXRuntimeLibrary {
  /// The shape of a tensor.
  func shape(of tensor: OpaquePointer) throws -> [Int] { try unsafe ONNXRuntimeShapeInfo(self, of: tensor).shape() }

  /// Where the elements of a tensor lie.
  func data(of tensor: OpaquePointer) throws(ONNXRuntimeFailure) -> UnsafeMutableRawPointer {
    var data: UnsafeMutableRawPointer?
    // SAFETY: the caller's tensor is valid; the result is one pointer.
    try unsafe check(api.pointee.GetTensorMutableData(tensor, &data))
    guard let data = unsafe data else {
      throw ONNXRuntimeFailure(code: ONNXRuntimeConstant.failed, message: "empty tensor")
    }
    return unsafe data
  }

  /// A handle that a successful call must have set.
  func owned(_ pointer: OpaquePointer?) throws(ONNXRuntimeFailure) -> OpaquePointer {
    guard let pointer = unsafe pointer else {
      throw ONNXRuntimeFailure(code: 1, message: "the library reported success but returned nothing")
    }
    return unsafe pointer
  }

  fileprivate func elementType(_ info: OpaquePointer) throws -> Int32 {
    var element: Int32 = 0
    // SAFETY: `info` is a valid tensor info of the caller; the result is one integer.
    try unsafe check(api.pointee.GetTensorElementType(info, &element))
    return element
  }

  fileprivate func dimensions(_ info: OpaquePointer) throws -> [Int] {
    var count = 0
    // SAFETY: as above; the second call writes exactly `count` integers.
    try unsafe check(api.pointee.GetDimensionsCount(info, &count))
    guard count > 0 else { return [] }
    var sizes = [Int64](repeating: 0, count: count)
    try unsafe check(api.pointee.GetDimensions(info, &sizes, count))
    return sizes.map { Int(truncatingIfNeeded: $0) }
  }
}
