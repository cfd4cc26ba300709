import EdgepipeCore
package import Foundation

/// Results files of COCO: a list of detections, each with `image_id`, `category_id`, `bbox` and `score`.
package enum COCOPredictions {
  private static let remedy = "give a results file in COCO format, as --predictions writes it"

  /// Reads a results file.
  ///
  /// - Parameter dataset: what the ids must belong to.
  /// - Throws: a ``PipelineError``: `notFound` when the file cannot be read, `malformed` with the place of what is
  ///   wrong.
  package static func read(_ file: URL, of dataset: COCODataset) throws -> [COCOPrediction] {
    let data = try readFile(file, what: "results file", limit: COCODataset.maximumByteCount)
    return try read(data, file: file.path, of: dataset)
  }

  /// As `read(_:of:)`, from memory.
  ///
  /// - Parameter file: what errors call it.
  static func read(
    _ data: Data, file: String, of dataset: COCODataset
  ) throws -> [COCOPrediction] {
    let pictures = Set(dataset.pictures.map(\.id)), categories = Set(dataset.categories.map(\.id))
    var predictions: [COCOPrediction] = []
    try JSONReader.read(data, file: file, remedy: remedy) { reader throws(JSONReader.Failure) in
      try reader.array { reader, _ throws(JSONReader.Failure) in
        let prediction = try prediction(&reader, pictures: pictures, categories: categories)
        predictions.append(prediction)
      }
    }
    return predictions
  }

  private static func prediction(
    _ reader: inout JSONReader, pictures: Set<Int>, categories: Set<Int>
  ) throws(JSONReader.Failure) -> COCOPrediction {
    let start = reader.offset
    var picture: Int?, category: Int?, box: COCOBox?, score: Double?
    try reader.object { reader, key throws(JSONReader.Failure) in
      let place = reader.offset
      switch key {
      case "image_id":
        let id = try reader.integer()
        guard pictures.contains(id) else { throw reader.failure("the dataset has no image \(id)", at: place) }
        picture = id
      case "category_id":
        let id = try reader.integer()
        guard categories.contains(id) else {
          // The usual mistake: COCO's ids have gaps, and indices of classes begin at 0.
          throw reader.failure(
            "the dataset has no category \(id); ids are those of the dataset, not indices of the model's classes",
            at: place)
        }
        category = id
      case "bbox": box = try COCOBox(&reader)
      case "score": score = try reader.number()
      default: try reader.skip()
      }
    }
    guard let picture, let category, let box, let score else {
      let missing = picture == nil ? "image_id" : category == nil ? "category_id" : box == nil ? "bbox" : "score"
      throw reader.failure("the detection has no \"\(missing)\"", at: start)
    }
    return COCOPrediction(pictureID: picture, categoryID: category, box: box, score: score)
  }

  /// The text of a results file, one detection a line. Numbers are written so that they read back as the same ones.
  package static func text(_ predictions: [COCOPrediction]) -> String {
    var text = "["
    for (index, prediction) in predictions.enumerated() {
      let box = prediction.box
      text += index == 0 ? "\n" : ",\n"
      text += "{\"image_id\":\(prediction.pictureID),\"category_id\":\(prediction.categoryID),"
      text += "\"bbox\":[\(box.x),\(box.y),\(box.width),\(box.height)],\"score\":\(prediction.score)}"
    }
    return text + "\n]\n"
  }
}
