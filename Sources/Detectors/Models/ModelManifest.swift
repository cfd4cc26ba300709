import Foundation

/// What edgepipe must know of a model beyond the ONNX file: the small JSON file beside it.
public struct ModelManifest: Sendable, Hashable, Codable {
  /// The code that turns raw outputs into detections.
  public enum Head: String, Sendable, Codable, CaseIterable {
    case yolox, yolov3, yolov5, yolov8, retinaface, yunet, centerface
  }

  /// How the numbers of an output are laid out, for heads whose models come in several forms.
  public enum Form: String, Sendable, Codable, CaseIterable {
    /// `yolov8`: 1 x (4 + classes) x N.
    case plain
    /// `yolov8`: 1 x N x (4 + classes).
    case classesLast
    /// `yolov8`: 1 x (64 + classes) x N, boxes and scores not decoded.
    case distribution
    /// `yolov8`: 1 x M x 6, duplicates removed inside the model.
    case endToEnd
    /// `yolox`: boxes relative to their cells, as the authors' export gives them.
    case raw
    /// `yolox`: boxes in pixels, decoded inside the model.
    case decoded
  }

  /// One output map of a YOLOv3-family model.
  public struct AnchorMap: Sendable, Hashable, Codable {
    /// Input pixels a cell.
    public var stride: Int
    /// Width and height of each anchor, in input pixels.
    public var anchors: [[Float]]

    public init(stride: Int, anchors: [[Float]]) {
      self.stride = stride
      self.anchors = anchors
    }
  }

  public var name: String
  public var head: Head
  /// Nil where the head has one form, or the outputs' shapes tell.
  public var form: Form?
  public var input: InputFormat
  /// The nominal input side in pixels.
  public var inputSize: Int
  /// Input sides must be multiples of this.
  public var stride: Int
  /// Height and width of the input, in pixels, for a model that is meant for pictures of one shape: every picture is
  /// placed in it. Nil for other models, whose input follows the picture or is a square.
  public var shape: [Int]?
  public var classes: [String]
  /// YOLOv3 family only.
  public var anchors: [AnchorMap]?
  /// The ONNX file, relative to the manifest's folder.
  public var file: String
  /// Of the ONNX file, in lower-case hexadecimal.
  public var sha256: String
  /// An SPDX identifier where one fits.
  public var licence: String
  /// Where the file came from.
  public var origin: String
  /// float32, int8 and the like, for the report.
  public var precision: String
  /// A hash of everything that decided about a model made by `edgepipe models compress`; nil for other models.
  public var recipe: String?

  public init(
    name: String, head: Head, input: InputFormat, inputSize: Int, stride: Int = 32, classes: [String],
    anchors: [AnchorMap]? = nil, file: String, sha256: String, licence: String, origin: String,
    precision: String = "float32"
  ) {
    self.name = name
    self.head = head
    self.input = input
    self.inputSize = inputSize
    self.stride = stride
    self.classes = classes
    self.anchors = anchors
    self.file = file
    self.sha256 = sha256
    self.licence = licence
    self.origin = origin
    self.precision = precision
  }
}
