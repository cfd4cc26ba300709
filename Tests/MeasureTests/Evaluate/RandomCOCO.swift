@testable import EdgepipeCore
import Foundation
import PipelineTestSupport

@testable import Measure

/// Datasets and detections with everything that evaluations get wrong: crowds, areas at the edges of the ranges, equal
/// scores and overlaps, pictures without objects, categories without objects or without detections.
struct RandomCOCO {
  private var random: SplitMix64
  let dataset: COCODataset
  let predictions: [COCOPrediction]

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    // Ids with gaps, in no order.
    let categoryIDs = [7, 1, 90, 13, 44].prefix(Int.random(in: 2...5, using: &random))
    let pictureIDs = (1...Int.random(in: 3...12, using: &random)).map { $0 * 7 % 101 }
    var annotations: [COCODataset.Annotation] = [], predictions: [COCOPrediction] = []
    for picture in pictureIDs {
      let objects = Int.random(in: 0...3, using: &random) == 0 ? 0 : Int.random(in: 1...14, using: &random)
      for _ in 0..<objects {
        let box = Self.box(&random)
        annotations.append(
          COCODataset.Annotation(
            // Category 44 has detections only.
            pictureID: picture, categoryID: categoryIDs.filter { $0 != 44 }.randomElement(using: &random) ?? 1,
            box: box,
            area: Self.area(of: box, &random), isCrowd: Int.random(in: 0...7, using: &random) == 0))
      }
      for truth in annotations where truth.pictureID == picture {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          predictions.append(Self.detection(of: truth, &random))
        }
      }
      // More of one category than count.
      let noise = Int.random(in: 0...5, using: &random) == 0 ? 130 : Int.random(in: 0...10, using: &random)
      for _ in 0..<noise {
        // Category 13 is never found by chance.
        let category = noise > 100 ? 1 : categoryIDs.filter { $0 != 13 }.randomElement(using: &random) ?? 1
        predictions.append(
          COCOPrediction(
            pictureID: picture, categoryID: category, box: Self.box(&random), score: Self.score(&random)))
      }
    }
    dataset = COCODataset(
      pictures: pictureIDs.map { COCODataset.Picture(id: $0, fileName: "\($0).jpg", width: 200, height: 200) },
      categories: categoryIDs.map { COCODataset.Category(id: $0, name: "category \($0)") }, annotations: annotations)
    self.predictions = predictions.shuffled(using: &random)
    self.random = random
  }

  /// On a coarse grid, so that boxes repeat and overlaps are equal; some without extent, and some with the area at
  /// which small becomes medium, and medium large.
  private static func box(_ random: inout SplitMix64) -> COCOBox {
    let sides: [Double] = [0, 4, 8, 10, 16, 20, 32, 32, 40, 96, 96, 120]
    return COCOBox(
      x: Double(Int.random(in: 0...9, using: &random) * 8), y: Double(Int.random(in: 0...9, using: &random) * 8),
      width: sides.randomElement(using: &random) ?? 0, height: sides.randomElement(using: &random) ?? 0)
  }

  private static func area(of box: COCOBox, _ random: inout SplitMix64) -> Double {
    switch Int.random(in: 0...5, using: &random) {
    case 0: 1024
    case 1: 9216
    case 2: 1024.0000001
    case 3: box.area * 0.7
    default: box.area
    }
  }

  /// The object's own box, half of it (IoU 0.5 exactly), or one beside it; now and then of another category.
  private static func detection(of truth: COCODataset.Annotation, _ random: inout SplitMix64) -> COCOPrediction {
    var box = truth.box
    switch Int.random(in: 0...4, using: &random) {
    case 0: break
    case 1: box.width /= 2
    case 2: box.height *= 0.75
    default:
      box.x += Double.random(in: -4...4, using: &random)
      box.y += Double.random(in: -4...4, using: &random)
      box.width *= Double.random(in: 0.8...1.2, using: &random)
    }
    let category = Int.random(in: 0...9, using: &random) == 0 ? 1 : truth.categoryID
    return COCOPrediction(pictureID: truth.pictureID, categoryID: category, box: box, score: score(&random))
  }

  /// Often equal.
  private static func score(_ random: inout SplitMix64) -> Double {
    let score = Double.random(in: 0...1, using: &random)
    return Bool.random(using: &random) ? (score * 10).rounded() / 10 : score
  }

  /// Both as files of COCO's format.
  func write(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let images = dataset.pictures.reversed().map {
      #"{"id":\#($0.id),"file_name":"\#($0.fileName)","width":200,"height":200,"license":{"n":[1,"}"]}}"#
    }
    let categories = dataset.categories.map { #"{"supercategory":null,"id":\#($0.id),"name":"\#($0.name)"}"# }
    let annotations = dataset.annotations.enumerated().map { index, annotation in
      let box = annotation.box
      return #"{"id":\#(index + 1),"image_id":\#(annotation.pictureID),"category_id":\#(annotation.categoryID),"#
        + #""bbox":[\#(box.x),\#(box.y),\#(box.width),\#(box.height)],"area":\#(annotation.area),"#
        + #""iscrowd":\#(annotation.isCrowd ? 1 : 0),"segmentation":[[1,2.5e3,-3]]}"#
    }
    let text = """
      {"info":{},"images":[\(images.joined(separator: ","))],
      "annotations":[\(annotations.joined(separator: ",\n"))],"categories":[\(categories.joined(separator: ","))]}
      """
    try Data(text.utf8).write(to: folder.appendingPathComponent("instances.json"))
    try Data(COCOPredictions.text(predictions).utf8).write(to: folder.appendingPathComponent("predictions.json"))
  }
}
