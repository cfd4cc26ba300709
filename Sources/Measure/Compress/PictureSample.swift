import Detectors
import EdgepipeCore
import Pipeline
import Stages
import Synchronization

/// A fixed number of pictures drawn evenly from all that come by, each with the same chance (reservoir sampling), and
/// the same ones for the same seed. Of the others some are drawn in the same way, to judge by what the first are used
/// for.
final class PictureSample: Sendable {
  private struct State {
    var kept: Reservoir
    var others: Reservoir
    var seen = 0
  }

  /// Vitter's algorithm R.
  private struct Reservoir {
    let size: Int
    var generator: SplitMix64
    var kept: [ModelInput] = []
    var seen = 0

    init(size: Int, seed: UInt64) {
      self.size = size
      generator = SplitMix64(seed: seed)
    }

    /// The picture that has no place here: the new one, or an older one that makes room.
    mutating func add(_ picture: ModelInput) -> ModelInput? {
      seen += 1
      if kept.count < size {
        kept.append(picture)
        return nil
      }
      let place = Int.random(in: 0..<seen, using: &generator)
      guard place < size else { return picture }
      defer { kept[place] = picture }
      return kept[place]
    }
  }

  let request: InputRequest
  private let isReserved: @Sendable (String) -> Bool
  private let progress: @Sendable (Int) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - count: how many are drawn.
  ///   - others: how many of those that are left.
  ///   - isReserved: true for sources whose pictures are never drawn, but may be among the others.
  init(
    _ request: InputRequest, count: Int, others: Int, seed: UInt64, isReserved: @escaping @Sendable (String) -> Bool,
    progress: @escaping @Sendable (Int) -> Void
  ) {
    self.request = request
    self.isReserved = isReserved
    self.progress = progress
    // A draw of its own, so that how many others are wanted changes nothing.
    state = Mutex(State(kept: Reservoir(size: count, seed: seed), others: Reservoir(size: others, seed: ~seed)))
  }

  var pictures: [ModelInput] { state.withLock { $0.kept.kept } }
  var others: [ModelInput] { state.withLock { $0.others.kept } }

  /// - Parameter source: where the picture is from; of a folder its file name.
  func add(_ picture: ModelInput, from source: String) {
    let isReserved = isReserved(source)
    let seen = state.withLock { state in
      state.seen += 1
      let left = isReserved ? picture : state.kept.add(picture)
      if let left { _ = state.others.add(left) }
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
      throw PipelineError("there is nothing to keep pictures in", code: .internalFault)
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
      if let input = frame.attachment(id) as? ModelInput { sample.add(input, from: frame.header.source) }
      return .emit(frame)
    }
  }
}
