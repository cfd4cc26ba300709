import EdgepipeCore

/// Figures in the sentences of findings.
enum Words {
  static func count(_ value: Double) -> String { Figure.text(value, decimals: 0) }
  static func number(_ value: Double) -> String { Figure.text(value) }
  static func percent(_ share: Double) -> String { Figure.percent(share) }
  /// `1 frame`, `4 frames`.
  static func counted(_ count: Int, _ noun: String) -> String {
    "\(Figure.count(count)) \(noun)\(count == 1 ? "" : "s")"
  }
  static func cores(_ cores: Double) -> String { "\(Figure.setting(cores)) core\(cores == 1 ? "" : "s")" }
  static func megabytes(_ value: Double) -> String { "\(Figure.text(value, decimals: 0)) MB" }
  /// A name from a file.
  static func plain(_ text: String) -> String { Quoted.plain(text) }
}
