import EdgepipeCore
package import Foundation

extension COCODataset {
  /// Larger files are refused; COCO's largest, that of train2017, has 470 MB.
  static let maximumByteCount = 1 << 30
  /// What is more is no annotated picture, and comparing everything in it with all detections would take minutes.
  private static let annotationsOfPicture = 10_000
  private static let maximumCategories = 10_000
  private static let remedy = "give an annotation file in COCO format, such as instances_val2017.json"

  /// Reads an annotation file in COCO's format: `images`, `categories` and `annotations` with a `bbox`. Where an
  /// annotation has no `area`, it is that of the box; one without `iscrowd` is no crowd.
  ///
  /// - Throws: a ``PipelineError``: `notFound` when the file cannot be read, `malformed` with the place of what is
  ///   wrong.
  package init(contentsOf file: URL) throws {
    let data = try readFile(file, what: "annotation file", limit: Self.maximumByteCount)
    try self.init(data: data, file: file.path)
  }

  /// As `init(contentsOf:)`, from memory.
  ///
  /// - Parameter file: what errors call it.
  init(data: Data, file: String) throws {
    var pictures: [Picture]?, categories: [Category]?, annotations: [Annotation]?
    try JSONReader.read(data, file: file, remedy: Self.remedy) { reader throws(JSONReader.Failure) in
      try reader.object { reader, key throws(JSONReader.Failure) in
        func once(_ isFirst: Bool) throws(JSONReader.Failure) {
          if !isFirst { throw reader.failure("this key occurs twice") }
        }
        switch key {
        case "images":
          try once(pictures == nil)
          pictures = try Self.pictures(&reader)
        case "categories":
          try once(categories == nil)
          categories = try Self.categories(&reader)
        case "annotations":
          try once(annotations == nil)
          annotations = try Self.annotations(&reader)
        default: try reader.skip()
        }
      }
    }
    guard let pictures, let categories, let annotations else {
      let missing = pictures == nil ? "images" : categories == nil ? "categories" : "annotations"
      throw PipelineError("'\(file)' has no \"\(missing)\"", remedy: Self.remedy, code: .malformed)
    }
    guard !pictures.isEmpty, !categories.isEmpty else {
      let missing = pictures.isEmpty ? "images" : "categories"
      throw PipelineError("'\(file)' has an empty list of \"\(missing)\"", remedy: Self.remedy, code: .malformed)
    }
    self.init(pictures: pictures, categories: categories, annotations: annotations)
  }

  private static func pictures(_ reader: inout JSONReader) throws(JSONReader.Failure) -> [Picture] {
    var pictures: [Picture] = [], ids: Set<Int> = []
    try reader.array { reader, _ throws(JSONReader.Failure) in
      let start = reader.offset
      var id: Int?, name: String?, width: Int?, height: Int?
      try reader.object { reader, key throws(JSONReader.Failure) in
        switch key {
        case "id": id = try reader.integer()
        case "file_name": name = try reader.name()
        case "width": width = try reader.integer()
        case "height": height = try reader.integer()
        default: try reader.skip()
        }
      }
      guard let id else { throw reader.failure("the image has no \"id\"", at: start) }
      guard let name, !name.isEmpty else { throw reader.failure("the image \(id) has no \"file_name\"", at: start) }
      guard ids.insert(id).inserted else { throw reader.failure("a second image with the id \(id)", at: start) }
      pictures.append(Picture(id: id, fileName: name, width: width, height: height))
    }
    return pictures
  }

  private static func categories(_ reader: inout JSONReader) throws(JSONReader.Failure) -> [Category] {
    var categories: [Category] = [], ids: Set<Int> = [], names: Set<String> = []
    try reader.array { reader, _ throws(JSONReader.Failure) in
      let start = reader.offset
      var id: Int?, name: String?
      try reader.object { reader, key throws(JSONReader.Failure) in
        switch key {
        case "id": id = try reader.integer()
        case "name": name = try reader.name()
        default: try reader.skip()
        }
      }
      guard let id else { throw reader.failure("the category has no \"id\"", at: start) }
      guard let name, !name.isEmpty else { throw reader.failure("the category \(id) has no \"name\"", at: start) }
      guard ids.insert(id).inserted else { throw reader.failure("a second category with the id \(id)", at: start) }
      guard names.insert(name).inserted else {
        throw reader.failure("a second category with the name '\(Quoted.short(name))'", at: start)
      }
      guard categories.count < maximumCategories else {
        throw reader.failure("more than \(maximumCategories) categories", at: start)
      }
      categories.append(Category(id: id, name: name))
    }
    return categories
  }

  private static func annotations(_ reader: inout JSONReader) throws(JSONReader.Failure) -> [Annotation] {
    var annotations: [Annotation] = [], counts: [Int: Int] = [:]
    try reader.array { reader, _ throws(JSONReader.Failure) in
      let start = reader.offset
      var picture: Int?, category: Int?, box: COCOBox?, area: Double?
      var isCrowd = false
      try reader.object { reader, key throws(JSONReader.Failure) in
        switch key {
        case "image_id": picture = try reader.integer()
        case "category_id": category = try reader.integer()
        case "bbox": box = try COCOBox(&reader)
        case "area":
          let place = reader.offset, value = try reader.number()
          guard value >= 0 else { throw reader.failure("a negative area, \(value)", at: place) }
          area = value
        case "iscrowd": isCrowd = try reader.flag()
        default: try reader.skip()
        }
      }
      guard let picture, let category, let box else {
        let missing = picture == nil ? "image_id" : category == nil ? "category_id" : "bbox"
        throw reader.failure("the annotation has no \"\(missing)\"", at: start)
      }
      counts[picture, default: 0] += 1
      guard counts[picture, default: 0] <= annotationsOfPicture else {
        throw reader.failure("more than \(annotationsOfPicture) annotations of image \(picture)", at: start)
      }
      annotations.append(
        Annotation(pictureID: picture, categoryID: category, box: box, area: area, isCrowd: isCrowd))
    }
    return annotations
  }
}

extension COCOBox {
  /// Beyond this no picture reaches, and products would lose their last digits.
  private static let limit = 1e7

  /// Reads `[x, y, width, height]`.
  init(_ reader: inout JSONReader) throws(JSONReader.Failure) {
    let start = reader.offset
    var values: [Double] = []
    try reader.array { reader, index throws(JSONReader.Failure) in
      let place = reader.offset, value = try reader.number()
      guard index < 4 else { throw reader.failure("a box has 4 numbers: x, y, width, height", at: place) }
      guard abs(value) <= Self.limit else { throw reader.failure("\(value) is outside of any picture", at: place) }
      guard index < 2 || value >= 0 else {
        throw reader.failure("a negative \(index == 2 ? "width" : "height"), \(value)", at: place)
      }
      values.append(value)
    }
    guard values.count == 4 else {
      throw reader.failure("a box has 4 numbers: x, y, width, height; found \(values.count)", at: start)
    }
    self.init(x: values[0], y: values[1], width: values[2], height: values[3])
  }
}
