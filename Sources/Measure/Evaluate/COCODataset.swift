/// Pictures, categories and annotated boxes, as an `instances.json` of COCO holds them.
public struct COCODataset: Sendable {
  public struct Picture: Sendable, Hashable {
    public var id: Int
    /// Relative to the folder of the pictures; may name folders.
    public var fileName: String
    /// In pixels; nil where the file does not say.
    public var width: Int?
    public var height: Int?

    public init(id: Int, fileName: String, width: Int? = nil, height: Int? = nil) {
      self.id = id
      self.fileName = fileName
      self.width = width
      self.height = height
    }
  }

  public struct Category: Sendable, Hashable {
    /// Not the index of a class: COCO's ids run from 1 to 90 and have gaps.
    public var id: Int
    public var name: String

    public init(id: Int, name: String) {
      self.id = id
      self.name = name
    }
  }

  /// One annotated object, or a crowd of them.
  public struct Annotation: Sendable, Hashable {
    public var pictureID: Int
    public var categoryID: Int
    public var box: COCOBox
    /// In square pixels: of the outline where there is one, and so less than that of the box.
    public var area: Double
    /// Detections of a crowd are neither right nor wrong.
    public var isCrowd: Bool

    /// - Parameter area: nil for that of the box.
    public init(pictureID: Int, categoryID: Int, box: COCOBox, area: Double? = nil, isCrowd: Bool = false) {
      self.pictureID = pictureID
      self.categoryID = categoryID
      self.box = box
      self.area = area ?? box.area
      self.isCrowd = isCrowd
    }
  }

  /// By rising id: the order in which pictures with equal scores are looked at.
  public let pictures: [Picture]
  /// By rising id.
  public let categories: [Category]
  /// In the order of the file, which decides between boxes that overlap equally.
  public let annotations: [Annotation]

  /// Annotations of other pictures and categories are left out.
  public init(pictures: [Picture], categories: [Category], annotations: [Annotation]) {
    self.pictures = pictures.sorted { $0.id < $1.id }
    self.categories = categories.sorted { $0.id < $1.id }
    let known = (pictures: Set(pictures.map(\.id)), categories: Set(categories.map(\.id)))
    self.annotations = annotations.filter {
      known.pictures.contains($0.pictureID) && known.categories.contains($0.categoryID)
    }
  }

  /// The dataset with the categories of these ids alone.
  public func keeping(categories ids: Set<Int>) -> COCODataset {
    COCODataset(
      pictures: pictures, categories: categories.filter { ids.contains($0.id) }, annotations: annotations)
  }
}

/// One detection as COCO's results files hold it.
public struct COCOPrediction: Sendable, Hashable {
  public var pictureID: Int
  public var categoryID: Int
  public var box: COCOBox
  public var score: Double

  public init(pictureID: Int, categoryID: Int, box: COCOBox, score: Double) {
    self.pictureID = pictureID
    self.categoryID = categoryID
    self.box = box
    self.score = score
  }
}
