@testable import EdgepipeCore
@testable import Pipeline

/// Adds an event with its options to every frame.
final class Gain: FrameStage, AdjustableStage {
  struct Configuration: StageConfiguration {
    var gain = 1.0
    var limit: Int?
    var model = "a"

    static let options: [ConfigurationOption<Self>] = [
      .init("gain", \.gain, .number(0...100), changeable: true, "A factor."),
      .init("limit", \.limit, .integer(1...1000), changeable: true, "At least the factor."),
      .init("model", \.model, .string, "Fixed."),
    ]
  }

  static let type = "transform.gain"
  static let summary = ""
  static let role = StageRole.transform
  static let maximumWorkers = 64

  private let id: String
  private let initial: Configuration

  init(_ configuration: Configuration, context: StageContext) throws {
    id = context.id
    initial = try Self.checked(configuration)
  }

  static func checked(_ configuration: Configuration) throws -> Configuration {
    if let limit = configuration.limit, Double(limit) < configuration.gain {
      throw PipelineError("'limit' is less than 'gain'", code: .invalidConfiguration)
    }
    return configuration
  }

  func adjustment(for configuration: Configuration) throws -> Configuration { try Self.checked(configuration) }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(AdjustedOptions(of: id, initial: initial), id) }

  private final class Worker: FrameWorker {
    var options: AdjustedOptions<Configuration>
    let id: String

    init(_ options: AdjustedOptions<Configuration>, _ id: String) { (self.options, self.id) = (options, id) }

    func process(_ frame: Frame) -> FrameOutcome {
      options.follow(frame)
      var frame = frame
      frame.add(FrameEvent(stage: id, kind: "\(id)=\(options.value.gain)/\(options.value.limit ?? 0)"))
      return .emit(frame)
    }
  }
}
