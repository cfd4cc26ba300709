import EdgepipeCore
import EdgepipePluginHost
import Pipeline

/// A sink of a plugin.
final class PluginSink: HealthObserver, AdjustableStage {
  typealias Configuration = PluginConfiguration

  static let type = "plugin.sink"
  static let summary = "A sink of a plugin."
  static let role = StageRole.sink

  private let start: PluginStart
  private let counts = PluginCounts()

  init(_ configuration: PluginConfiguration, context: StageContext) throws { throw PluginStages.noPlugin }

  init(_ start: PluginStart) { self.start = start }

  func adjustment(for configuration: PluginConfiguration) -> PluginConfiguration { configuration }
  var interface: StageInterface { start.interface }
  var facts: [String: ReportValue] { counts.facts(start) }
  func files(for streams: [String]) -> [FileUse] { start.files }

  func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    try PluginWorker(start, worker: context.index, counts: counts)
  }
}
