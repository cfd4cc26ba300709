import Detectors
import Pipeline
import Stages
import Synchronization

/// A fixed number of pictures drawn evenly from all that come by, each with the same chance (reservoir sampling), and
/// the same ones for the same seed.
final class PictureSample: Sendable {
  private struct State {
    var generator: SplitMix64
    var kept: [Tensor] = []
    var seen = 0
  }

  let request: InputRequest
  private let count: Int
  private let progress: @Sendable (Int) -> Void
  private let state: Mutex<State>

  init(_ request: InputRequest, count: Int, seed: UInt64, progress: @escaping @Sendable (Int) -> Void) {
    self.request = request
    self.count = count
    self.progress = progress
    state = Mutex(State(generator: SplitMix64(seed: seed)))
  }

  /// How many came by.
  var seen: Int { state.withLock { $0.seen } }
  var pictures: [Tensor] { state.withLock { $0.kept } }

  func add(_ tensor: Tensor) {
    let seen = state.withLock { state in
      state.seen += 1
      if state.kept.count < count {
        state.kept.append(tensor)
      } else {
        let place = Int.random(in: 0..<state.seen, using: &state.generator)
        if place < count { state.kept[place] = tensor }
      }
      return state.seen
    }
    progress(seen)
  }
}

/// The end of a calibration's pipeline: hands what the letterbox prepared to the ``PictureSample`` among the services.
final class SampleSink: FrameStage, TensorConsumer {
  typealias Configuration = NoConfiguration

  static let type = "sink.sample"
  static let summary = "Keeps some of the prepared pictures."
  static let role = StageRole.sink

  private let sample: PictureSample
  private let id: String

  var inputRequest: InputRequest { sample.request }

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    guard let sample = context.services.find(PictureSample.self) else {
      throw PipelineError("there is nothing to keep pictures in", exit: .software)
    }
    self.sample = sample
    id = context.id
  }

  func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(sample, id) }

  private final class Worker: FrameWorker {
    private let sample: PictureSample
    private let id: String

    init(_ sample: PictureSample, _ id: String) {
      self.sample = sample
      self.id = id
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      if let input = frame.attachment(id) as? ModelInput { sample.add(input.tensor) }
      return .emit(frame)
    }
  }
}
