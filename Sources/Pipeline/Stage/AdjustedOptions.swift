import EdgepipeCore

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
