@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Measure

@Suite struct COCOEvaluationTests {
  private func dataset(_ annotations: [COCODataset.Annotation], pictures: Int = 1) -> COCODataset {
    COCODataset(
      pictures: (1...pictures).map { COCODataset.Picture(id: $0, fileName: "\($0).jpg") },
      categories: [COCODataset.Category(id: 1, name: "a"), COCODataset.Category(id: 2, name: "b")],
      annotations: annotations)
  }

  private func truth(_ box: COCOBox, picture: Int = 1, isCrowd: Bool = false) -> COCODataset.Annotation {
    COCODataset.Annotation(pictureID: picture, categoryID: 1, box: box, isCrowd: isCrowd)
  }

  private func found(_ box: COCOBox, _ score: Double, picture: Int = 1) -> COCOPrediction {
    COCOPrediction(pictureID: picture, categoryID: 1, box: box, score: score)
  }

  private let left = COCOBox(x: 0, y: 0, width: 40, height: 40)
  private let right = COCOBox(x: 100, y: 0, width: 40, height: 40)
  private let nowhere = COCOBox(x: 300, y: 300, width: 40, height: 40)

  @Test func givenTwoObjectsAndAFalseDetectionBetween_whenEvaluated_thenPrecisionIsThatOfTheStaircase() {
    let matches = COCOMatches(
      dataset([truth(left), truth(right)]), [found(left, 0.9), found(nowhere, 0.8), found(right, 0.7)])
    let evaluation = matches.evaluation()
    // Precision is 1 up to recall 0.5, which 51 of 101 levels reach, and 2/3 behind it.
    let expected = (51 + 50 * 2.0 / 3) / 101
    for figure in [COCOFigure.ap, .ap50, .ap75, .apMedium] {
      #expect(abs((evaluation.overall[figure] ?? -1) - expected) < 1e-12, "\(figure)")
    }
    // One detection a picture finds one object of two.
    #expect(evaluation.overall[.ar1] == 0.5)
    #expect(evaluation.overall[.ar10] == 1)
    // 40 x 40 is medium: nothing is small or large, and category b has no objects at all.
    #expect(evaluation.overall[.apSmall] == nil)
    #expect(evaluation.overall[.arLarge] == nil)
    #expect(evaluation.categories[0].objects == 2)
    #expect(evaluation.categories[1].figures[.ap] == nil)
    #expect(evaluation.precision.count == 10)
    #expect(evaluation.precision[0][50] > 0.999 && evaluation.precision[0][51] < 0.667)
  }

  @Test func givenACrowd_whenDetectedTwice_thenNeitherDetectionCounts() {
    let crowd = truth(COCOBox(x: 90, y: 0, width: 100, height: 100), isCrowd: true)
    // Both lie inside of the crowd: 1 of the detection's own area, though the IoU is 0.16.
    let matches = COCOMatches(dataset([truth(left), crowd]), [found(right, 0.9), found(right, 0.8), found(left, 0.7)])
    // Precision has a denominator that is an epsilon larger than it should be, as in pycocotools.
    #expect(abs((matches.evaluation().overall[.ap] ?? -1) - 1) < 1e-12)
    // Without the crowd they are two false ones before the right one.
    let without = COCOMatches(dataset([truth(left)]), [found(right, 0.9), found(right, 0.8), found(left, 0.7)])
    #expect(abs((without.evaluation().overall[.ap] ?? -1) - 1.0 / 3) < 1e-12)
  }

  @Test func givenADetectionBetweenTwoObjects_whenEvaluated_thenItTakesTheLaterOneInTheFile() {
    let second = COCOBox(x: 20, y: 0, width: 40, height: 40), between = COCOBox(x: 10, y: 0, width: 40, height: 40)
    // It overlaps both by 0.6, takes the second, and leaves nothing to the detection that fits that one exactly.
    let matches = COCOMatches(dataset([truth(left), truth(second)]), [found(between, 0.9), found(second, 0.8)])
    #expect(abs((matches.precision().ap50 ?? -1) - 51.0 / 101) < 1e-12)
    let reversed = COCOMatches(dataset([truth(second), truth(left)]), [found(between, 0.9), found(second, 0.8)])
    #expect(abs((reversed.precision().ap50 ?? -1) - 1) < 1e-12)
  }

  @Test func givenNoDetections_whenEvaluated_thenFiguresAreZeroAndNotMissing() {
    let evaluation = COCOMatches(dataset([truth(left)]), []).evaluation()
    #expect(evaluation.overall[.ap] == 0)
    #expect(evaluation.overall[.ar100] == 0)
    #expect(COCOMatches(dataset([]), [found(left, 0.5)]).evaluation().overall[.ap] == nil)
    #expect(COCOMatches(dataset([]), []).evaluation().precision.isEmpty)
  }

  @Test(arguments: UInt64(1)...6)
  func givenWeights_whenEvaluated_thenItIsAsIfPicturesStoodThereAsOften(seed: UInt64) {
    let example = RandomCOCO(seed: seed)
    var random = SplitMix64(seed: seed)
    // Within a picture no two scores are equal: copies of one detection come in a row, copies of a picture do not.
    let predictions = example.predictions.enumerated().map { index, prediction in
      var changed = prediction
      changed.score += Double(index) * 1e-6
      return changed
    }
    let matches = COCOMatches(example.dataset, predictions)
    let weights = example.dataset.pictures.map { _ in Int.random(in: 0...3, using: &random) }
    var pictures: [COCODataset.Picture] = [], annotations: [COCODataset.Annotation] = [], found: [COCOPrediction] = []
    for (picture, weight) in zip(example.dataset.pictures, weights) {
      for copy in 0..<weight {
        let id = picture.id * 10 + copy
        pictures.append(COCODataset.Picture(id: id, fileName: picture.fileName))
        for var annotation in example.dataset.annotations where annotation.pictureID == picture.id {
          annotation.pictureID = id
          annotations.append(annotation)
        }
        for var prediction in predictions where prediction.pictureID == picture.id {
          prediction.pictureID = id
          found.append(prediction)
        }
      }
    }
    let copied = COCODataset(pictures: pictures, categories: example.dataset.categories, annotations: annotations)
    let expected = COCOMatches(copied, found).evaluation(), weighted = matches.evaluation(weights: weights)
    for figure in COCOFigure.allCases {
      #expect(weighted.overall[figure] == expected.overall[figure], "\(figure)")
    }
    let drawn = zip(0..., weights).flatMap { [Int](repeating: $0, count: $1) }.shuffled(using: &random)
    #expect(matches.weights(drawing: drawn) == weights)
    let quick = matches.precision(weights: weights)
    #expect(
      quick.ap == expected.overall[.ap] && quick.ap50 == expected.overall[.ap50]
        && quick.ap75 == expected.overall[.ap75])
  }

  private struct Reference: Decodable {
    let figures: [String: Double?]
    let categories: [String: [String: Double?]]
    let precision: [[Double]]
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenRandomDatasets_whenEvaluated_thenEveryFigureIsThatOfPycocotools() throws {
    let folder = try TestData.temporaryFolder("coco")
    defer { try? FileManager.default.removeItem(at: folder) }
    let seeds = (1...40).map(UInt64.init)
    let folders = seeds.map { folder.appendingPathComponent("\($0)") }
    for (seed, folder) in zip(seeds, folders) { try RandomCOCO(seed: seed).write(to: folder) }
    let script = TestData.packageRoot.appendingPathComponent("Tests/MeasureTests/Golden/coco_eval.py").path
    let reference = try TestData.run(try #require(TestData.python), [script] + folders.map(\.path))
    #expect(reference.status == 0)
    let lines = String(decoding: reference.output, as: UTF8.self).split(separator: "\n")
    try #require(lines.count == seeds.count)
    for (folder, line) in zip(folders, lines) {
      let expected = try JSONDecoder().decode(Reference.self, from: Data(line.utf8))
      let dataset = try COCODataset(contentsOf: folder.appendingPathComponent("instances.json"))
      let predictions = try COCOPredictions.read(folder.appendingPathComponent("predictions.json"), of: dataset)
      let evaluation = COCOMatches(dataset, predictions).evaluation()
      for figure in COCOFigure.allCases {
        expect(evaluation.overall[figure], expected.figures[figure.rawValue], "\(folder.lastPathComponent) \(figure)")
        for category in evaluation.categories {
          expect(
            category.figures[figure], expected.categories["\(category.id)"]?[figure.rawValue],
            "\(folder.lastPathComponent) \(category.id) \(figure)")
        }
      }
      try #require(evaluation.precision.count == expected.precision.count)
      for (ours, theirs) in zip(evaluation.precision.joined(), expected.precision.joined()) {
        #expect(abs(ours - theirs) < 1e-9)
      }
    }
  }

  /// Both add the same numbers in another order: 1e-9 is far above what that changes.
  private func expect(_ ours: Double?, _ theirs: Double??, _ place: String) {
    guard let theirs else { return #expect(Bool(false), "\(place): not in the reference") }
    guard let ours, let theirs else {
      return #expect(ours == nil && theirs == nil, "\(place): \(ours as Any), \(theirs as Any)")
    }
    #expect(abs(ours - theirs) < 1e-9, "\(place)")
  }
}
