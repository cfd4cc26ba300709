import EdgepipeCore

/// Which reading of a model's one output is meant: what was said, then the metadata, then the graph decide among those
/// that its shape allows.
struct OutputChoice {
  private let file: ModelDescription
  private let model: String
  private let claims: ModelClaims
  private let cells: OutputReading.Cells?

  init(_ file: ModelDescription, input: PictureInput, model: String, claims: ModelClaims) {
    (self.file, self.model, self.claims) = (file, model, claims)
    cells = OutputReading.Cells(height: input.height, width: input.width)
  }

  private static let mostClasses = 65_536

  private var metadata: ModelMetadata { file.metadata }
  private var seen: String { file.outputs.map(\.shapeText).joined(separator: ", ") }

  /// The output that is read. Early YOLOv5 exports give their three maps as well, beside what is decoded of them.
  private var shape: [Int?]? {
    if file.outputs.count == 1 { return file.outputs[0].shape }
    let decoded = file.outputs.filter { $0.shape.count == 3 }
    return decoded.count == 1 && file.outputs.count == 4 && file.outputs.filter({ $0.shape.count == 5 }).count == 3
      ? decoded[0].shape : nil
  }

  /// - Throws: a ``PipelineError`` that says what the file looks like, and what to do.
  func reading() throws -> OutputReading {
    guard let shape else { throw unknown() }
    var left = claimed(OutputReading.all(shape, cells: cells, isLenient: false))
    // Somebody says what it is: then the count of boxes need not be a usual one.
    if left.isEmpty, claims.head != nil || metadata.task != nil || metadata.names != nil {
      left = claimed(OutputReading.all(shape, cells: cells, isLenient: true))
    }
    guard !left.isEmpty else { throw unknown() }
    left = preferred(try counted(left))
    keep(&left) { $0.fits(file.evidence) }
    try checkTransformer(left)
    try checkBranches(left)
    // 84 is 4 and COCO's 80: nobody means 20 classes, or 79.
    if wanted == nil, let usual = left.first(where: isUsual), left.count > 1 { left = [usual] }
    if left.count == 1, left[0].classCount == nil, left[0].form != .endToEnd, wanted == nil {
      throw claims.unsaid(
        "cannot determine how many classes the model '\(model)' has: its outputs are \(seen), and it names no classes",
        remedy: "name them in a manifest beside it, or import it with --classes")
    }
    return try settled(left)
  }

  private func isUsual(_ reading: OutputReading) -> Bool {
    (reading.form == .plain || reading.form == .classesLast) && reading.classCount == COCOClasses.names.count
  }

  private func claimed(_ readings: [OutputReading]) -> [OutputReading] {
    readings.compactMap { reading in
      // More is damage; a file may state any number.
      guard reading.classCount ?? 1 <= Self.mostClasses else { return nil }
      guard claims.head ?? reading.head == reading.head else { return nil }
      guard let form = claims.form, reading.form != form else { return reading }
      // What the shape leaves open may be said.
      guard reading.form == nil, reading.head.forms.contains(form) else { return nil }
      return OutputReading(head: reading.head, form: form, classCount: reading.classCount)
    }
  }

  /// Drops those that `isLikely` excludes, unless nothing would be left.
  private func keep(_ readings: inout [OutputReading], _ isLikely: (OutputReading) -> Bool) {
    let likely = readings.filter(isLikely)
    if !likely.isEmpty { readings = likely }
  }

  /// What the exporter's metadata makes likely: those who write `task` export YOLOv8's forms, with decoded boxes.
  private func preferred(_ readings: [OutputReading]) -> [OutputReading] {
    var left = readings
    if metadata.isEndToEnd { keep(&left) { $0.form == .endToEnd } }
    if metadata.task != nil { keep(&left) { $0.head == .yolov8 && ($0.form != .distribution || claims.form != nil) } }
    return left
  }

  /// How many classes there are, as far as somebody says so.
  private var wanted: Int? { claims.classes?.count ?? metadata.names?.count }

  private func counted(_ readings: [OutputReading]) throws -> [OutputReading] {
    guard let wanted else { return readings }
    // Where the shape does not tell, both who name the classes must agree.
    if let said = claims.classes, let names = metadata.names, said.count != names.count,
      readings.allSatisfy({ $0.classCount == nil })
    {
      throw claims.contradiction(
        "\(claims.words) that the model '\(model)' has \(said.count) classes, but its metadata names \(names.count): "
          + Self.list(names), remedy: "name the classes of the file, or omit them")
    }
    let left = readings.filter { $0.classCount ?? wanted == wanted }
    guard left.isEmpty else {
      return left.map { OutputReading(head: $0.head, form: $0.form, classCount: wanted) }
    }
    let looks = Self.alternatives(readings)
    if let said = claims.classes {
      throw claims.contradiction(
        "\(claims.words) that the model '\(model)' has \(said.count) \(said.count == 1 ? "class" : "classes"), "
          + "but its output \(seen) looks like \(looks)",
        remedy: claims.source == .manifest ? "check 'head' and 'classes' in the manifest" : "give a name for each class"
      )
    }
    throw claims.contradiction(
      "the model '\(model)' looks like \(looks), from its output \(seen), but its metadata names \(wanted): "
        + Self.list(metadata.names ?? []),
      remedy: "name the classes in a manifest beside it, or import it with --classes")
  }

  /// A detector's last convolutions give boxes and scores. More branches are keypoints, masks or angles.
  private func checkBranches(_ readings: [OutputReading]) throws {
    guard wanted == nil, claims.head == nil, readings.count == 1, readings[0].form == .plain,
      let classes = readings[0].classCount
    else { return }
    let branches = file.evidence.channels.subtracting([64])
    if file.evidence.channels.isEmpty {
      guard classes == 52, metadata.task == nil else { return }
      throw claims.unsaid(
        "the output \(seen) of the model '\(model)' fits a pose model with 17 keypoints and a detector with 52 classes",
        remedy: "pose models are not supported; for a detector, name the classes in a manifest or with --classes")
    }
    guard file.evidence.channels.contains(64), !branches.isEmpty, !branches.contains(classes),
      branches.allSatisfy({ $0 < classes })
    else { return }
    // Keypoints are three numbers each, COCO's are 17; an angle is one.
    let isPose = branches.contains { $0 > 1 && $0 % 3 == 0 && branches.contains(classes - $0) }
    let isTurned = branches.contains(1) && branches.contains(classes - 1) && !branches.contains(51)
    let task =
      branches.contains(32)
      ? "segmentation" : isPose ? isTurned ? "pose or oriented boxes" : "pose" : "oriented boxes"
    throw UnsupportedTask.refusal(
      task, model: model,
      evidence: "its last convolutions give 64, "
        + branches.sorted().map(String.init).joined(separator: " and ") + " channels", claims: claims)
  }

  /// A transformer's 300 boxes with two scores have the shape of finished detections. Its last layers are dense.
  private func checkTransformer(_ readings: [OutputReading]) throws {
    guard file.evidence.hasDense, file.evidence.channels.isEmpty, claims.form == nil, !metadata.isEndToEnd,
      readings.allSatisfy({ $0.form == .endToEnd })
    else { return }
    throw claims.unsaid(
      "the output \(seen) of the model '\(model)' fits RT-DETR for 2 classes, whose boxes are relative to the "
        + "picture, and an end-to-end detector",
      remedy: "RT-DETR is not supported; for an end-to-end detector, set 'form': \"endToEnd\" in a manifest beside it")
  }

  /// The one reading that is left, or that the graph tells.
  private func settled(_ readings: [OutputReading]) throws -> OutputReading {
    if readings.count == 1 {
      let only = readings[0]
      // No shape is declared: the first output shows it.
      if only.form == nil, only.head == .yolov8, metadata.isEndToEnd {
        return OutputReading(head: .yolov8, form: .endToEnd, classCount: only.classCount)
      }
      return only
    }
    if readings.allSatisfy({ $0.head == .yolox && $0.classCount == readings[0].classCount }) {
      // A manifest without `form` means the authors' export.
      if claims.source == .manifest {
        return OutputReading(head: .yolox, form: .raw, classCount: readings[0].classCount)
      }
      throw claims.unsaid(
        "the model '\(model)' looks like YOLOX, but its graph does not show whether it decodes the boxes itself "
          + "(--decode_in_inference) or not",
        remedy:
          "set 'head': \"yolox\" and 'form': \"raw\" or \"decoded\" in a manifest beside it, or import it "
          + "with --head yolox --form raw or decoded")
    }
    throw claims.unsaid(
      "cannot determine the type of the model '\(model)': its output \(seen) could be \(Self.alternatives(readings))",
      remedy: "set 'head' and 'form' in a manifest beside it, or import it with --head, --form and --classes")
  }

  private func unknown() -> PipelineError {
    if let head = claims.head {
      let forms = head.forms.filter { claims.form ?? $0 == $0 }.map(\.shapeWords)
      return claims.contradiction(
        "\(claims.words) that the model '\(model)' is \(head.title), whose output is "
          + "\(forms.isEmpty ? "1xNx(5 + classes)" : Set(forms).sorted().joined(separator: " or ")), "
          + "but it has \(seen)",
        remedy: "check 'head', 'form' and 'classes'")
    }
    let looks = Lookalike.find(file.outputs)
    return claims.unsaid(
      "cannot determine the type of the model '\(model)' from its outputs (\(seen))"
        + (looks.map { "; it looks like \($0.name)" } ?? ""),
      remedy: looks.map { "\($0.advice); " }.map { $0 + Self.manifestAdvice } ?? Self.manifestAdvice)
  }

  private static let manifestAdvice =
    "if one of the heads fits the model, write a manifest beside it (`edgepipe models import` does, with --head "
    + ModelManifest.Head.allCases.map(\.rawValue).joined(separator: ", ") + ")"

  private static func alternatives(_ readings: [OutputReading]) -> String {
    var texts: [String] = []
    for reading in readings where !texts.contains(reading.text) { texts.append(reading.text) }
    return texts.joined(separator: ", or ")
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(5).map { Quoted.text($0) }.joined(separator: ", ")
    return shown + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }
}

extension ModelManifest.Form {
  var shapeWords: String {
    switch self {
    case .plain: "1x(4 + classes)xN"
    case .classesLast: "1xNx(4 + classes)"
    case .distribution: "1x(64 + classes)xN"
    case .endToEnd: "1xMx6"
    case .raw, .decoded: "1xNx(5 + classes)"
    }
  }
}
