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
