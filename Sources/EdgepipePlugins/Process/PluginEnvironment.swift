import Foundation

/// What the process of a plugin is given of this one.
enum PluginEnvironment {
  static var process: Int32 { ProcessInfo.processInfo.processIdentifier }

  /// A plugin sees none of the user's variables but those that say where libraries lie and how times are written.
  static func variables(_ own: [String: String] = ProcessInfo.processInfo.environment) -> [String: String] {
    var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]
    for name in ["LD_LIBRARY_PATH", "TZ", "ASAN_OPTIONS"] { variables[name] = own[name] }
    return variables
  }
}
