/// Pictures, categories and annotated boxes, as an `instances.json` of COCO holds them.
package struct COCODataset: Sendable {
  package struct Picture: Sendable, Hashable {
    var id: Int
    /// Relative to the folder of the pictures; may name folders.
    var fileName: String
    /// In pixels; nil where the file does not say.
    var width: Int?
    var height: Int?

    init(id: Int, fileName: String, width: Int? = nil, height: Int? = nil) {
      self.id = id
      self.fileName = fileName
      self.width = width
      self.height = height
    }
  }

  package struct Category: Sendable, Hashable {
    /// Not the index of a class: COCO's ids run from 1 to 90 and have gaps.
    package var id: Int
    package var name: String

    init(id: Int, name: String) {
      self.id = id
      self.name = name
    }
  }

  /// One annotated object, or a crowd of them.
  package struct Annotation: Sendable, Hashable {
    var pictureID: Int
    var categoryID: Int
    var box: COCOBox
    /// In square pixels: of the outline where there is one, and so less than that of the box.
    var area: Double
    /// Detections of a crowd are neither right nor wrong.
    package var isCrowd: Bool

    /// - Parameter area: nil for that of the box.
    init(pictureID: Int, categoryID: Int, box: COCOBox, area: Double? = nil, isCrowd: Bool = false) {
      self.pictureID = pictureID
      self.categoryID = categoryID
      self.box = box
      self.area = area ?? box.area
      self.isCrowd = isCrowd
    }
  }

  /// By rising id: the order in which pictures with equal scores are looked at.
  package let pictures: [Picture]
  /// By rising id.
  package let categories: [Category]
  /// In the order of the file, which decides between boxes that overlap equally.
  package let annotations: [Annotation]

  /// Annotations of other pictures and categories are left out.
  init(pictures: [Picture], categories: [Category], annotations: [Annotation]) {
    self.pictures = pictures.sorted { $0.id < $1.id }
    self.categories = categories.sorted { $0.id < $1.id }
    let known = (pictures: Set(pictures.map(\.id)), categories: Set(categories.map(\.id)))
    self.annotations = annotations.filter {
      known.pictures.contains($0.pictureID) && known.categories.contains($0.categoryID)
    }
  }

  /// The dataset with the categories of these ids alone.
  package func keeping(categories ids: Set<Int>) -> COCODataset {
    COCODataset(
      pictures: pictures, categories: categories.filter { ids.contains($0.id) }, annotations: annotations)
  }
}

/// One detection as COCO's results files hold it.
package struct COCOPrediction: Sendable, Hashable {
  var pictureID: Int
  var categoryID: Int
  var box: COCOBox
  var score: Double

  init(pictureID: Int, categoryID: Int, box: COCOBox, score: Double) {
    self.pictureID = pictureID
    self.categoryID = categoryID
    self.box = box
    self.score = score
  }
}
