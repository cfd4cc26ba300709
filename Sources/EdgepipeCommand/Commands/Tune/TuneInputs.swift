import Detectors
import EdgepipeCore
import Pipeline
import Stages

/// The models and input shapes worth trying for one detector.
struct TuneInputs {
  private let detector: StageSettings
  private let trial: TuneTrial
  private let fixed: [String]

  /// Sides of the full input: 1, about 3/4 and about 1/2.
  private static let scales = [0.77, 0.54]

  init(_ detector: StageSettings, trial: TuneTrial, fixed: [String]) {
    self.detector = detector
    self.trial = trial
    self.fixed = fixed
  }

  static func isTunable(_ type: String) -> Bool { type == DetectYOLO.type || type == DetectFace.type }

  /// What the pipeline has comes first, then installed models that find the same things.
  func all() -> [(model: String, shape: String, accuracy: Double?)] {
    let current = detector.config["model"]?.string ?? ""
    let store = ModelStore.standard()
    let findsFaces = detector.type == DetectFace.type
    let others = store.installedNames().filter { name in
      guard name != current, let manifest = try? store.manifest(name) else { return false }
      return manifest.head.findsFaces == findsFaces && (findsFaces || hasWantedClasses(manifest))
    }
    return ([current] + others).flatMap(shapes)
  }

  private func hasWantedClasses(_ manifest: ModelManifest) -> Bool {
    let wanted = detector.config["classes"]?.elements?.compactMap(\.string) ?? []
    return wanted.allSatisfy { ClassName.index(of: $0, in: manifest.classes) != nil }
  }

  private func shapes(of model: String) -> [(model: String, shape: String, accuracy: Double?)] {
    let accuracy = BuiltinModels.find(model)?.accuracy
    var shapes: [(model: String, shape: String, accuracy: Double?)] = [(model, "\"auto\"", accuracy)]
    let sets = fixed + ["\(detector.id).model=\(model)", "\(detector.id).shape=\"auto\""]
    // A model that is meant for pictures of one shape takes no other.
    if (try? ModelStore.standard().resolve(model))?.manifest?.shape != nil { return shapes }
    guard let full = trial.inputShape(of: detector.id, sets) else { return shapes }
    for scale in Self.scales {
      let sides = [full.height, full.width].map { max(32, Int((Double($0) * scale / 32).rounded()) * 32) }
      // Nothing is recorded for smaller inputs.
      shapes.append((model, "[\(sides[0]),\(sides[1])]", nil))
    }
    return shapes
  }
}
