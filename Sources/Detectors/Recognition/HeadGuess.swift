/// What a model seems to be, told from what was said of it, from its metadata, from the shapes of its input and outputs, or
/// from the outputs' names where the shapes are left open. Where several things fit, it is refused: nothing is chosen in
/// silence.
package struct HeadGuess: Sendable, Hashable {
  /// Where the names of the classes are from.
  package enum NameSource: String, Sendable {
    case options = "options"
    case manifest = "manifest"
    case file = "file"
    /// COCO's, for a model of 80 classes that does not name them.
    case coco = "assumed: COCO"
    /// Nobody says them: `class0`, `class1` and so on.
    case numbers = "numbers"
    /// A face model has one class.
    case head = "head"
  }

  var head: ModelManifest.Head
  /// Nil where the head has one form, or the outputs of a run tell.
  var form: ModelManifest.Form?
  var classes: [String]
  var namesFrom: NameSource
  var anchors: [ModelManifest.AnchorMap]?
  /// What was seen and what is assumed, for the log and the report.
  var sentence: String

  /// A model that says nowhere how many classes it has gets names for this many.
  static let unnamedClasses = 1000

  /// - Throws: a ``PipelineError`` that says what the file looks like, and what to do, when nothing, or more than one
  ///   thing, fits.
  init(model: String, _ file: ModelDescription, claims: ModelClaims = ModelClaims()) throws {
    let input = try PictureInput(file.inputs, model: model, claims: claims)
    try UnsupportedTask.check(file, model: model, claims: claims)
    let seen = file.outputs.map(\.shapeText).joined(separator: ", ")
    let count: Int?
    if let known = Self.kind(of: file.outputs.map(\.shape)) ?? Self.kind(byNames: file.outputs),
      claims.head ?? known.head == known.head
    {
      (head, anchors) = (known.head, known.anchors)
      count = known.classCount
    } else if let claimed = claims.head, !claimed.readsOneOutput {
      // What its outputs must be is checked where the head is made.
      head = claimed
      count = claimed.findsFaces ? 1 : claims.classes?.count ?? file.metadata.names?.count
    } else {
      let reading = try OutputChoice(file, input: input, model: model, claims: claims).reading()
      (head, form) = (reading.head, reading.form)
      count = reading.classCount
    }
    (classes, namesFrom) = try Self.names(count, head, file, model: model, claims: claims)
    let format = head.defaultInput
    let range = input.element == .uint8 || format.scale.first == 1 ? "0..255" : "0..1"
    let names =
      switch namesFrom {
      case .head: "faces"
      case .coco: "COCO's 80 classes"
      case .numbers where count == nil: "unnamed classes"
      default: "\(classes.count) \(classes.count == 1 ? "class" : "classes")"
      }
    sentence =
      "'\(model)' has no manifest: its outputs (\(seen)) look like \(head.title) for \(names)"
      + (namesFrom == .file ? ", as the file names them" : "")
      + "; assuming \(format.color.rawValue.uppercased()) in \(range)"
  }

  /// Names: of options or manifest, then of the file; COCO's for 80 classes; else numbers.
  private static func names(
    _ count: Int?, _ head: ModelManifest.Head, _ file: ModelDescription, model: String, claims: ModelClaims
  ) throws -> ([String], NameSource) {
    if let said = claims.classes {
      if let count, count != said.count {
        throw claims.contradiction(
          "\(said.count) class names are given, but the model '\(model)' has \(count)",
          remedy: "give a name for each class")
      }
      return (said, claims.source == .manifest ? .manifest : .options)
    }
    if head.findsFaces { return (["face"], .head) }
    if let names = file.metadata.names, count == nil || count == names.count { return (names, .file) }
    guard let count else { return (numbered(unnamedClasses), .numbers) }
    return count == COCOClasses.names.count ? (COCOClasses.names, .coco) : (numbered(count), .numbers)
  }

  private static func numbered(_ count: Int) -> [String] { (0..<count).map { "class\($0)" } }

  private typealias Kind = (head: ModelManifest.Head, classCount: Int, anchors: [ModelManifest.AnchorMap]?)

  private static func kind(of shapes: [[Int?]]) -> Kind? {
    func count(rank: Int, at axis: Int, _ size: Int) -> Int {
      shapes.count { $0.count == rank && $0[axis] == size }
    }
    switch shapes.count {
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
}

extension TensorDescription {
  var shapeText: String {
    shape.isEmpty ? "any shape" : shape.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
  }
}
