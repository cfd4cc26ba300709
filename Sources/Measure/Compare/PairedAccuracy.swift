import EdgepipeCore
import Foundation

/// Average precision of both sides on the same pictures, and how much their difference depends on which pictures these
/// happen to be.
package struct PairedAccuracy: Sendable, Equatable {
  /// Pictures that both sides saw and that are annotated.
  package var pictures: Int
  /// Mean over IoU thresholds of 0.5 to 0.95, as COCO counts it, 0 to 1.
  package var ap: Both<Double>
  /// At an IoU of 0.5.
  package var ap50: Both<Double>
  /// Where B's AP minus A's lies with 95 % confidence: of a bootstrap over pictures, each draw the same for both sides.
  package var differenceInterval: ClosedRange<Double>?

  /// In points (hundredths); negative where B is better.
  var lossPoints: Double { (ap.a - ap.b) * 100 }

  /// The figures of the bootstrap are the same each time.
  private static let seed: UInt64 = 1

  /// Draws of the bootstrap: 1,000, which are some seconds of work for fifty pictures, and fewer for many detections,
  /// down to 200, so that it takes no longer than the runs.
  static func resamples(detections: Int) -> Int { min(1000, max(200, 60_000_000 / max(1, detections))) }
}

extension PairedAccuracy {
  /// - Parameters:
  ///   - found: detections with low scores as well, since precision is read over all of them. Frames are pictures by
  ///     the names of their files.
  ///   - classes: what either side can find. These are evaluated, as far as the dataset has them.
  ///   - file: what errors call the dataset.
  ///   - isStopped: asked again and again; true gives up.
  /// - Throws: ``PipelineError`` `malformed` where pictures or classes have nothing in common with the dataset;
  ///   `CancellationError` when given up.
  init(
    _ found: Both<RecordedFrames>, classes: Set<String>, dataset: COCODataset, file: String, isStopped: () -> Bool
  ) throws {
    let categories = Self.categories(classes, dataset: dataset, file: file)
    guard !categories.isEmpty else {
      throw PipelineError(
        "'\(file)' has none of the classes that A and B detect, such as '\(classes.min() ?? "")'",
        remedy: "give annotations of these classes", code: .mismatch)
    }
    let seen = found.a.sources.intersection(found.b.sources)
    let kept = Self.restrict(dataset, to: seen, categories: Set(categories.values))
    guard !kept.pictures.isEmpty else {
      throw PipelineError(
        "none of the pictures that A and B processed is in '\(file)', such as '\(seen.min() ?? "")'",
        remedy: "give the folder of the annotated pictures with --source", code: .mismatch)
    }
    let predictions = found.map { Self.predictions($0, kept, categories) }
    let matches = predictions.map { COCOMatches(kept, $0) }
    let precision = matches.map { $0.precision() }
    guard let a = precision.a.ap, let b = precision.b.ap, let a50 = precision.a.ap50, let b50 = precision.b.ap50 else {
      throw PipelineError(
        "'\(file)' has no object of the classes that A and B detect in these pictures", remedy: "use other pictures",
        code: .mismatch)
    }
    let draws = Self.resamples(detections: predictions.a.count + predictions.b.count)
    let bootstrap = Bootstrap(resamples: draws, seed: Self.seed)
    let interval = try bootstrap.interval(of: Array(kept.pictures.indices)) { drawn in
      if isStopped() { throw CancellationError() }
      let weights = matches.a.weights(drawing: drawn)
      guard let a = matches.a.precision(weights: weights).ap, let b = matches.b.precision(weights: weights).ap else {
        return .nan
      }
      return b - a
    }
    self.init(
      pictures: kept.pictures.count, ap: Both(a: a, b: b), ap50: Both(a: a50, b: b50),
      differenceInterval: interval.map { $0.lower...$0.upper })
  }

  /// The id of the category of each class that the dataset has.
  private static func categories(_ classes: Set<String>, dataset: COCODataset, file: String) -> [String: Int] {
    var ids: [String: Int] = [:]
    for name in classes {
      // Faces beside objects are no fault: there is just nothing to compare them with.
      ids[name] = (try? COCOClassMap.categoryIDs(named: [name], dataset: dataset, file: file))?.first
    }
    return ids
  }

  private static func restrict(_ dataset: COCODataset, to names: Set<String>, categories: Set<Int>) -> COCODataset {
    let pictures = dataset.pictures.filter { names.contains(name(of: $0)) }, ids = Set(pictures.map(\.id))
    return COCODataset(
      pictures: pictures, categories: dataset.categories.filter { categories.contains($0.id) },
      annotations: dataset.annotations.filter { ids.contains($0.pictureID) && categories.contains($0.categoryID) })
  }

  /// Without folders: the source reads one.
  private static func name(of picture: COCODataset.Picture) -> String {
    String(picture.fileName.split(separator: "/").last ?? "")
  }

  private static func predictions(
    _ found: RecordedFrames, _ dataset: COCODataset, _ categories: [String: Int]
  ) -> [COCOPrediction] {
    let ids = Dictionary(dataset.pictures.map { (name(of: $0), $0.id) }, uniquingKeysWith: { first, _ in first })
    return found.frames.keys.sorted { $0.number < $1.number }.flatMap { key -> [COCOPrediction] in
      guard let picture = ids[key.source] else { return [] }
      return found.detections(key).compactMap { detection in
        guard let category = categories[detection.label] else { return nil }
        let box = detection.box
        return COCOPrediction(
          pictureID: picture, categoryID: category,
          box: COCOBox(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height)),
          score: Double(detection.score))
      }
    }
  }
}
