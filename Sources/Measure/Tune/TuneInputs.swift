package import Detectors
import EdgepipeCore
package import Pipeline
import Stages

/// The models and input shapes worth trying for one detector.
package struct TuneInputs {
  private let detector: StageSettings
  private let store: ModelStore
  private let fullShape: (_ model: String) -> (height: Int, width: Int)?

  /// Sides of the full input: 1, about 3/4 and about 1/2.
  private static let scales = [0.77, 0.54]

  /// - Parameters:
  ///   - store: where other models are looked for.
  ///   - fullShape: the input that preprocessing really makes for a model at the shape `auto`; nil where it does not run.
  package init(
    _ detector: StageSettings, store: ModelStore, fullShape: @escaping (_ model: String) -> (height: Int, width: Int)?
  ) {
    self.detector = detector
    self.store = store
    self.fullShape = fullShape
  }

  /// The overrides that give a detector a model at its full input.
  package static func sets(_ detector: String, model: String) -> [String] {
    ["\(detector).model=\(model)", "\(detector).shape=\"auto\""]
  }

  /// What the pipeline has comes first, then installed models that find the same things.
  package func all() -> [(model: String, shape: String, accuracy: Double?)] {
    let current = detector.modelName ?? ""
    let findsFaces = detector.option(.faceModel) != nil
    let others = store.installedNames().filter { name in
      guard name != current, let manifest = try? store.manifest(name) else { return false }
      return manifest.head.findsFaces == findsFaces && (findsFaces || hasWantedClasses(manifest))
    }
    return ([current] + others).flatMap(shapes)
  }

  private func hasWantedClasses(_ manifest: ModelManifest) -> Bool {
    let wanted = detector.value(.classes)?.elements?.compactMap(\.string) ?? []
    return wanted.allSatisfy { ClassName.index(of: $0, in: manifest.classes) != nil }
  }

  private func shapes(of model: String) -> [(model: String, shape: String, accuracy: Double?)] {
    let accuracy = BuiltinModels.find(model)?.accuracy
    var shapes: [(model: String, shape: String, accuracy: Double?)] = [(model, "\"auto\"", accuracy)]
    // A model that is meant for pictures of one shape takes no other.
    if (try? store.resolve(model))?.manifest?.shape != nil { return shapes }
    guard let full = fullShape(model) else { return shapes }
    for scale in Self.scales {
      let sides = [full.height, full.width].map { max(32, Int((Double($0) * scale / 32).rounded()) * 32) }
      // Nothing is recorded for smaller inputs.
      shapes.append((model, "[\(sides[0]),\(sides[1])]", nil))
    }
    return shapes
  }
}
