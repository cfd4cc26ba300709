package import Detectors
package import EdgepipeCore
package import Pipeline

/// What runs models on other machines; put in by the command where the program has it.
package protocol RemoteInference: Sendable {
  /// Checks the settings; connects to nothing.
  ///
  /// - Parameter local: opens a session here.
  /// - Throws: a ``PipelineError`` for settings that cannot hold.
  func open(
    _ request: PlacementRequest, opening local: @escaping @Sendable () throws -> any InferenceSession
  ) throws -> any InferencePlacement
}

/// A stage's wish to have its model run elsewhere too.
package struct PlacementRequest: Sendable {
  package var mode: PlacementMode
  package var settings: RemoteSettings
  package var manifest: ModelManifest
  package var input: InputRequest
  package var inputs: [TensorDescription]
  package var outputs: [TensorDescription]
  package var context: StageContext
}

/// A stage's model in its places. Any thread may use it.
package protocol InferencePlacement: AnyObject, Sendable {
  /// A session for one worker. With the first one the servers are asked what they have.
  ///
  /// - Throws: a ``PipelineError`` where a server's model is another one, or none can be reached that must be.
  func makeSession(workers: Int) throws -> any PlacedSession

  /// For the run report: shares, bytes and times of each way.
  var facts: [String: ReportValue] { get }

  /// Ends connections and threads. Sessions give no more answers from servers.
  func close()
}
