import Foundation

/// Where plugins lie beside those that a pipeline file names.
package struct PluginFolders: Sendable {
  package static let variable = "EDGEPIPE_PLUGIN_PATH"

  /// What the variable says, folders separated by colons.
  package let named: [String]
  /// Beside the program; it need not be there.
  package let installed: [String]

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    named = (environment[Self.variable] ?? "").split(separator: ":").map(String.init)
    let program = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    installed = program.map { [$0.deletingLastPathComponent().path + "/lib/edgepipe/plugins"] } ?? []
  }

  package func catalog(with paths: [String] = []) -> PluginCatalog {
    PluginCatalog(paths: named + paths, optional: installed)
  }
}
