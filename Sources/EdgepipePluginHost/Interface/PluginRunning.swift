package import EdgepipeCore

/// One instance of a plugin's stage type, wherever it lives: in this process, or in a child. Used by one thread.
///
/// Whoever makes instances sees to it that a failure of ``PluginFailure/Consequence/restartStage`` is followed by ``close()``
/// and another instance, unless the instance does so itself.
package protocol PluginRunning: AnyObject {
  /// Of transforms and sinks.
  func process(_ frame: PluginFrame) throws(PluginFailure) -> PluginAnswer
  /// Of sources.
  func next(now: MonotonicTime) throws(PluginFailure) -> PluginAnswer
  /// Takes other values of changeable options: the whole configuration in JSON.
  func configure(_ configuration: [UInt8]) throws(PluginFailure)
  func note(_ health: PluginHealth) throws(PluginFailure)
  func flush() throws(PluginFailure)
  /// Ends it; nothing is called afterwards.
  func close()
}

/// What an instance is made with.
package struct PluginSetup: Sendable, Hashable {
  /// The library, or the Python file.
  package var path: String
  package var type: String
  /// The stage's id.
  package var stage: String
  package var pipeline: String
  /// 0 for the stage's first instance.
  package var worker: Int
  package var isReplay: Bool
  /// The whole configuration in JSON, defaults included.
  package var configuration: [UInt8]

  package init(
    path: String, type: String, stage: String, pipeline: String = "pipeline", worker: Int = 0, isReplay: Bool = false,
    configuration: [UInt8] = Array("{}".utf8)
  ) {
    self.path = path
    self.type = type
    self.stage = stage
    self.pipeline = pipeline
    self.worker = worker
    self.isReplay = isReplay
    self.configuration = configuration
  }
}

/// How much a line of a plugin's log weighs; numbers of the header.
package enum PluginLogLevel: UInt32, Sendable {
  case debug = 0
  case info, notice, warning, error
}

/// Where a plugin's log goes. Any thread.
package typealias PluginLog = @Sendable (PluginLogLevel, String) -> Void
