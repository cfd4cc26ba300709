package import Detectors
import EdgepipeCore

/// The model that detection takes where nobody names one, and why.
package struct ModelChoice: Sendable, Hashable {
  package let name: String
  /// For people, such as `the most accurate installed object model (AP 0.290)`.
  package let reason: String

  /// What is fetched where no model is installed, the first that can be.
  package static let fetched = ["yolox-nano", "yolov3-tiny"]

  package init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  /// The most accurate installed object model, as far as accuracy is known, in 8-bit integers where it is installed like
  /// that too and the processor multiplies them directly.
  ///
  /// - Returns: nil where no object model is installed.
  package init?(_ store: ModelStore, hasInt8DotProduct: Bool) {
    let installed = store.installedNames().compactMap { name in try? store.manifest(name) }
      .filter { !$0.head.findsFaces }.map(\.name)
    guard let best = installed.max(by: { Self.rank($0) < Self.rank($1) }) else { return nil }
    guard let accuracy = BuiltinModels.find(best)?.accuracy else {
      self.init(
        name: best,
        reason: installed.count == 1 ? "the only installed object model" : "the first installed object model")
      return
    }
    let reason = "the most accurate installed object model (AP \(Figure.text(accuracy, decimals: 3)))"
    if hasInt8DotProduct, installed.contains(best + "-int8") {
      self.init(name: best + "-int8", reason: reason + ", in 8-bit integers, which this processor multiplies directly")
    } else {
      self.init(name: best, reason: reason)
    }
  }

  /// By accuracy; among models of unknown accuracy the first name.
  private static func rank(_ name: String) -> (accuracy: Double, name: ReversedName) {
    (BuiltinModels.find(name)?.accuracy ?? 0, ReversedName(name: name))
  }

  private struct ReversedName: Comparable {
    let name: String
    static func < (a: Self, b: Self) -> Bool { a.name > b.name }
  }
}
