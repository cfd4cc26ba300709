import Foundation

/// Numbers as sentences have them.
enum Words {
  static func percent(_ share: Double) -> String {
    let value = share * 100
    return value > 0 && value < 9.95 ? String(format: "%.1f %%", value) : String(format: "%.0f %%", value)
  }

  static func rate(_ fps: Double) -> String { String(format: fps < 99.95 ? "%.1f" : "%.0f", fps) }

  static func times(_ factor: Double) -> String {
    String(format: factor < 9.95 ? "%.1f times" : "%.0f times", factor)
  }

  static func cores(_ cores: Double) -> String {
    cores == cores.rounded() ? String(format: "%.0f", cores) : String(format: "%.2f", cores)
  }

  static func number(_ value: Double) -> String { String(format: value < 9.95 ? "%.1f" : "%.0f", value) }
}
