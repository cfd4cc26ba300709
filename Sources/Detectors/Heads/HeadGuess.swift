import Pipeline

/// What a model without a manifest seems to be, told from the shapes of its input and outputs, or from
/// the outputs' names where the shapes are left open.
public struct HeadGuess: Sendable, Hashable {
  public var head: ModelManifest.Head
  public var classes: [String]
  public var anchors: [ModelManifest.AnchorMap]?
  /// What was seen and what is assumed, for the log and the report.
  public var sentence: String

  /// - Throws: a ``PipelineError`` (exit code 78) that says to write a manifest when nothing, or more than one thing,
  ///   fits.
  public init(model: String, inputs: [TensorDescription], outputs: [TensorDescription]) throws {
    let shapes = outputs.map(\.shape)
    let seen = outputs.map(\.shapeText).joined(separator: ", ")
    guard
      let kind = Self.kind(of: shapes, cells: Self.cells(inputs.first?.shape ?? [])) ?? Self.kind(byNames: outputs)
    else {
      throw PipelineError(
        "cannot tell what the model '\(model)' is from its outputs (\(seen))",
        remedy: "write a manifest beside it (`edgepipe models import` does) with 'head' "
          + ModelManifest.Head.allCases.map(\.rawValue).joined(separator: ", ") + ", 'classes' and 'input'",
        exit: .config)
    }
    head = kind.head
    anchors = kind.anchors
    classes = kind.head.findsFaces ? ["face"] : Self.names(kind.classCount)
    let input = kind.head.defaultInput
    let range = input.scale.first == 1 ? "0..255" : "0..1"
    let objects = classes == COCOClasses.names ? "COCO's 80 classes" : "\(classes.count) classes"
    let names = head.findsFaces ? "faces" : objects
    sentence =
      "'\(model)' has no manifest: its outputs (\(seen)) look like \(head.title) for \(names); "
      + "assuming \(input.color.rawValue.uppercased()) in \(range)"
  }

  private typealias Kind = (head: ModelManifest.Head, classCount: Int, anchors: [ModelManifest.AnchorMap]?)

  private static func kind(of shapes: [[Int?]], cells: Int?) -> Kind? {
    func count(rank: Int, at axis: Int, _ size: Int) -> Int {
      shapes.count { $0.count == rank && $0[axis] == size }
    }
    switch shapes.count {
    case 1 where shapes[0].count == 3: return single(shapes[0][1], shapes[0][2], cells: cells)
    case 2 where count(rank: 4, at: 1, 255) == 2: return (.yolov3, 80, ModelManifest.AnchorMap.yolov3Tiny)
    case 3 where count(rank: 4, at: 1, 255) == 3: return (.yolov3, 80, ModelManifest.AnchorMap.yolov3)
    case 3
    where count(rank: 3, at: 2, 4) == 1 && count(rank: 3, at: 2, 2) == 1 && count(rank: 3, at: 2, 10) == 1:
      return (.retinaface, 1, nil)
    case 4
    where count(rank: 4, at: 1, 1) == 1 && count(rank: 4, at: 1, 2) == 2 && count(rank: 4, at: 1, 10) == 1:
      return (.centerface, 1, nil)
    case 12
    where count(rank: 3, at: 2, 1) == 6 && count(rank: 3, at: 2, 4) == 3 && count(rank: 3, at: 2, 10) == 3:
      return (.yunet, 1, nil)
    default: return nil
    }
  }

  /// Exporters may leave every dimension open; the face models keep the names that their makers gave.
  private static let faceOutputs: [(head: ModelManifest.Head, sizes: [String: Int], axis: Int)] = [
    (.retinaface, ["loc": 4, "conf": 2, "landms": 10], 2),
    (.centerface, ["537": 1, "538": 2, "539": 2, "540": 10], 1),
    (
      .yunet,
      [
        "cls_8": 1, "cls_16": 1, "cls_32": 1, "obj_8": 1, "obj_16": 1, "obj_32": 1, "bbox_8": 4, "bbox_16": 4,
        "bbox_32": 4, "kps_8": 10, "kps_16": 10, "kps_32": 10,
      ], 2
    ),
  ]

  /// The face model whose output names these are; a size that is known must be the right one.
  private static func kind(byNames outputs: [TensorDescription]) -> Kind? {
    let match = faceOutputs.first { known in
      outputs.count == known.sizes.count && Set(outputs.map(\.name)) == Set(known.sizes.keys)
        && outputs.allSatisfy { output in
          guard output.shape.count > known.axis else { return output.shape.isEmpty }
          return output.shape[known.axis].map { $0 == known.sizes[output.name] } ?? true
        }
    }
    return match.map { ($0.head, 1, nil) }
  }

  /// One output 1 x rows x columns: YOLOX has cells as rows, YOLOv8 as columns, end-to-end rows hold 6 numbers.
  private static func single(_ rows: Int?, _ columns: Int?, cells: Int?) -> Kind? {
    // The count of cells that the input's size gives tells YOLOX from its look-alikes, such as YOLOv5 with three times
    // as many rows.
    if let columns, columns > 5, rows == cells, cells != nil { return (.yolox, columns - 5, nil) }
    if columns == 6, let rows, rows > 6, rows <= 1000 { return (.yolov8, 80, nil) }
    guard let rows, rows > 4, columns == nil || columns == cells || cells == nil, rows < columns ?? .max else {
      return nil
    }
    switch rows {
    case 84: return (.yolov8, 80, nil)
    // 144 channels: 64 of box distribution and COCO's classes.
    case 144: return (.yolov8, 80, nil)
    // Fewer than 65 channels leave no room for a distribution: 4 of the box, and the classes.
    case 5...64: return (.yolov8, rows - 4, nil)
    default: return nil
    }
  }

  /// Cells over strides 8, 16, 32 for an input of fixed size.
  private static func cells(_ input: [Int?]) -> Int? {
    guard input.count == 4, let height = input[2], let width = input[3] else { return nil }
    return cellCount(width: width, height: height, strides: [8, 16, 32])
  }

  private static func names(_ count: Int) -> [String] {
    count == COCOClasses.names.count ? COCOClasses.names : (0..<count).map { "class\($0)" }
  }
}

extension TensorDescription {
  var shapeText: String { shape.map { $0.map(String.init) ?? "?" }.joined(separator: "x") }
}
