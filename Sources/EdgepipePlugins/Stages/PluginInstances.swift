import EdgepipeCore
import EdgepipePluginHost
import Pipeline
import Synchronization

/// Makes the instances of stages, each where its stage wants it.
enum PluginInstances {
  /// Called on the thread that will use the instance.
  static func make(_ start: PluginStart, worker: Int) throws -> any PluginRunning {
    let setup = try start.setup(worker: worker)
    do throws(PluginFailure) {
      switch start.options.isolation {
      case .inline: return try InlineInstance(library(of: start.plugin), setup, log: start.log)
      case .process:
        return try PluginProcess(
          start.launch(), setup, clock: SystemClock(), log: start.log, tell: { start.tell($0) })
      }
    } catch {
      throw error.error
    }
  }

  /// Libraries stay loaded: one for all stages.
  private static let libraries = Mutex<[String: PluginLibrary]>([:])

  private static func library(of plugin: FoundPlugin) throws(PluginFailure) -> PluginLibrary {
    try libraries.withLock { libraries throws(PluginFailure) in
      if let library = libraries[plugin.file] { return library }
      let library = try PluginLibrary(opening: plugin.file)
      libraries[plugin.file] = library
      return library
    }
  }
}

/// An instance in this process that is made again where it asks for it.
final class InlineInstance: PluginRunning {
  private let library: PluginLibrary
  private var setup: PluginSetup
  private let log: PluginLog
  private var instance: (any PluginRunning)?

  init(_ library: PluginLibrary, _ setup: PluginSetup, log: @escaping PluginLog) throws(PluginFailure) {
    self.library = library
    self.setup = setup
    self.log = log
    instance = try library.makeInstance(setup, log: log)
  }

  func process(_ frame: PluginFrame) throws(PluginFailure) -> PluginAnswer {
    try guarded { instance throws(PluginFailure) in try instance.process(frame) }
  }

  func next(now: MonotonicTime) throws(PluginFailure) -> PluginAnswer {
    try guarded { instance throws(PluginFailure) in try instance.next(now: now) }
  }

  func configure(_ configuration: [UInt8]) throws(PluginFailure) {
    setup.configuration = configuration
    try guarded { instance throws(PluginFailure) in try instance.configure(configuration) }
  }

  func note(_ health: PluginHealth) throws(PluginFailure) {
    try guarded { instance throws(PluginFailure) in try instance.note(health) }
  }

  func flush() throws(PluginFailure) { try instance?.flush() }

  func close() {
    instance?.close()
    instance = nil
  }

  private func guarded<Value>(_ body: (any PluginRunning) throws(PluginFailure) -> Value) throws(PluginFailure) -> Value
  {
    let current: any PluginRunning
    if let instance { current = instance } else { current = try library.makeInstance(setup, log: log) }
    instance = current
    do throws(PluginFailure) { return try body(current) } catch {
      if error.consequence == .restartStage { close() }
      throw error
    }
  }
}
