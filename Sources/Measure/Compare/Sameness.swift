import Detectors

/// What A and B have in common that makes a comparison of them say less than it seems to.
package struct Sameness: Sendable, Hashable {
  /// One side of a comparison, as far as it decides about its runs: sinks are replaced, so where they write does not.
  package struct Subject: Sendable, Hashable {
    struct Model: Sendable, Hashable {
      /// As the pipeline names it.
      var reference: String
      var sha256: String
      /// Nil for a bare file.
      var manifest: ModelManifest?

      init(reference: String, sha256: String, manifest: ModelManifest?) {
        self.reference = reference
        self.sha256 = sha256
        self.manifest = manifest
      }
    }

    /// As the command line names it.
    var name: String
    /// Each stage in words, without its model.
    var stages: [String]
    /// By the stage that runs it.
    var models: [String: Model]

    init(name: String, stages: [String], models: [String: Model]) {
      self.name = name
      self.stages = stages
      self.models = models
    }
  }

  /// Nothing that decides about the runs differs.
  let isSame: Bool
  /// Sentences; empty where there is nothing to say.
  package let notes: [String]

  /// - Parameter kind: `models` or `pipelines`, what the names are names of.
  package init(_ sides: Both<Subject>, kind: String) {
    let a = sides.a, b = sides.b
    let shared = a.models.keys.filter { b.models[$0] != nil }.sorted()
    let pairs = shared.compactMap { stage in a.models[stage].flatMap { one in b.models[stage].map { (stage, one, $0) } }
    }
    isSame =
      a.stages == b.stages && a.models.count == b.models.count && pairs.count == a.models.count
      && pairs.allSatisfy { $1.sha256 == $2.sha256 && Self.decodesAlike($1, $2) }
    if isSame {
      let hash = pairs.count == 1 ? " (SHA-256 \(pairs[0].1.sha256.prefix(12))...)" : ""
      let what =
        kind == "models"
        ? "are the same model\(hash)" : "are the same pipeline, with the same models\(hash)"
      notes = ["'\(a.name)' and '\(b.name)' \(what): any difference between their runs is due to chance"]
      return
    }
    notes = pairs.filter { $1.reference != $2.reference && $1.sha256 == $2.sha256 }.map { stage, one, two in
      let rest = Self.decodesAlike(one, two) ? "" : ", but different manifests"
      return "'\(stage)' runs the same file in both: '\(one.reference)' and '\(two.reference)' have the same SHA-256 "
        + "(\(one.sha256.prefix(12))...)\(rest)"
    }
  }

  /// Whether two manifests make the same of the same file; where it came from and what it is called do not count.
  private static func decodesAlike(_ a: Subject.Model, _ b: Subject.Model) -> Bool {
    func bare(_ model: Subject.Model) -> ModelManifest? {
      guard var manifest = model.manifest else { return nil }
      (manifest.name, manifest.file, manifest.licence, manifest.origin) = ("", "", "", "")
      (manifest.precision, manifest.recipe) = ("", nil)
      return manifest
    }
    return bare(a) == bare(b)
  }
}
