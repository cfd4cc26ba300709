package import EdgepipeCore

/// What a stage can ask of the run that it is a part of: other values of stages' options, as `edgepipe ctl set` does. For
/// stages that take orders from outside.
package protocol RunRequests: AnyObject, Sendable {
  /// - Parameter options: an object of new values in JSON.
  /// - Throws: ``PipelineError`` where the stage does not take them; nothing then changes.
  func set(_ options: [UInt8], of stage: String) throws(PipelineError) -> OptionChange

  /// Lets all stages that detect do so, or not.
  ///
  /// - Throws: ``PipelineError`` where there are none.
  func setDetecting(_ isOn: Bool) throws(PipelineError) -> [OptionChange]

  /// Whether any stage detects now; nil where that cannot be told.
  var isDetecting: Bool? { get }
}
