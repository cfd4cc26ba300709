import EdgepipeCore
import Foundation

/// A stage that takes other values of some of its options while the pipeline runs: of those declared `changeable`.
///
/// A change never reaches into a worker. What the stage makes of the new options travels with the frames that are
/// admitted after it, and a worker takes it from the frame at hand with ``AdjustedOptions``: each frame of a stream is
/// worked on with the old values or with the new ones, at this stage and at all others.
public protocol AdjustableStage: Stage {
  /// What workers use of the options, ready to be used.
  associatedtype Adjustment: Sendable

  /// Makes the options ready. Called by any thread while workers work.
  ///
  /// - Parameter configuration: differs from the one before in changeable options only, and is within all ranges.
  /// - Throws: a ``PipelineError`` where values do not go together or name what is not there; nothing then changes.
  func adjustment(for configuration: Configuration) throws -> Adjustment
}

extension AdjustableStage {
  func adjustment(forJSON configuration: Data) throws -> any Sendable {
    try adjustment(for: JSONDecoder().decode(Configuration.self, from: configuration))
  }
}

/// A worker's view of its stage's options: those that the frame at hand was admitted with.
public struct AdjustedOptions<Adjustment: Sendable> {
  private let stage: String
  private let initial: Adjustment
  private var last: ChangedOptions?
  /// As of the last frame that was followed.
  public private(set) var value: Adjustment
  /// Tells one value from another: the number of the run's change that it came with, 0 for the first one.
  public private(set) var version = 0

  /// - Parameters:
  ///   - stage: the stage's id.
  ///   - initial: what the stage makes of the options that it was made with.
  public init(of stage: String, initial: Adjustment) {
    self.stage = stage
    self.initial = initial
    value = initial
  }

  /// Goes on to a frame. Streams may differ for some frames: a frame of another stream can have been admitted earlier and
  /// come later.
  ///
  /// - Returns: whether ``value`` is another than before.
  @discardableResult
  public mutating func follow(_ frame: Frame) -> Bool {
    let options = frame.options
    guard options !== last else { return false }
    last = options
    let current = options?.adjustment(of: stage)
    guard current?.version ?? 0 != version else { return false }
    version = current?.version ?? 0
    value = current?.value as? Adjustment ?? initial
    return true
  }
}
