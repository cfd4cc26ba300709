import Foundation

/// The folder of what must outlive a run: runs and tokens of the service, and what waits to be sent.
package enum StateFolder {
  package static let variable = "EDGEPIPE_STATE"

  /// `EDGEPIPE_STATE`, or what systemd gives a service, or the user's own.
  package static func usual(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    if let folder = environment[variable], !folder.isEmpty { return folder }
    if let folder = environment["STATE_DIRECTORY"], !folder.isEmpty {
      // systemd lists several, separated by colons.
      return String(folder.prefix { $0 != ":" })
    }
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") { return folder + "/edgepipe" }
    return (environment["HOME"] ?? "") + "/.local/state/edgepipe"
  }
}
