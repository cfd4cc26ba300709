package import EdgepipeCore

/// A plugin's library, loaded into this process for good, and what it says of itself.
package final class PluginLibrary: Sendable {
  package let path: String
  package let name: String
  package let version: String
  package let types: [PluginTypeFacts]

  /// Loads a library and asks it for its stage types. Runs its initializers: its manifest has been checked before.
  ///
  /// - Parameter program: name and version of this program.
  package init(opening path: String, program: String = "edgepipe") throws(PluginFailure) {
    throw PluginFailure(.stopPipeline, "not there yet")
  }

  /// Makes an instance on the thread that will use it.
  package func makeInstance(_ setup: PluginSetup, log: @escaping PluginLog) throws(PluginFailure) -> any PluginRunning {
    throw PluginFailure(.stopPipeline, "not there yet")
  }
}
