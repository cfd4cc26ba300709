import EdgepipeCore

/// Makes the head that a manifest names. A new head is one file and one line here.
enum HeadFactory {
  /// - Parameter outputs: the model's declared outputs, checked against the head and the class count.
  /// - Throws: a ``PipelineError`` (exit code 65) when they cannot fit.
  static func make(_ manifest: ModelManifest, outputs: [TensorDescription]) throws -> any Head {
    let classCount = manifest.classes.count
    guard classCount > 0 else {
      throw PipelineError("the manifest of '\(manifest.name)' lists no classes", code: .mismatch)
    }
    let shapes = outputs.map(\.shape)
    func require(_ fits: Bool, _ expected: String) throws {
      if fits { return }
      let given = outputs.map(\.text).joined(separator: ", ")
      throw PipelineError(
        "the model '\(manifest.name)' does not fit its head: the \(manifest.head.rawValue) head with \(classCount) "
          + "classes expects \(expected), but the model has \(given)",
        remedy: "check 'head', 'form' and 'classes' in the manifest", code: .mismatch)
    }
    /// Exporters may leave every dimension open.
    func isOpen(_ shape: [Int?], rank: Int) -> Bool { shape.isEmpty || shape.count == rank }
    switch manifest.head {
    case .yolox:
      try require(
        shapes.count == 1 && isOpen(shapes[0], rank: 3) && agrees(shapes[0].last ?? nil, 5 + classCount),
        "one output 1xNx\(5 + classCount)")
      return manifest.form == .decoded
        ? ObjectnessHead(.yolox, classCount: classCount) : YOLOXHead(classCount: classCount)
    case .yolov5:
      try require(
        shapes.contains { isOpen($0, rank: 3) && agrees($0.last ?? nil, 5 + classCount) },
        "one output 1xNx\(5 + classCount)")
      return ObjectnessHead(.yolov5, classCount: classCount)
    case .yolov3:
      let head = try YOLOv3Head(classCount: classCount, maps: manifest.anchors)
      let channels = head.maps.map { $0.anchors.count * (5 + classCount) }
      try require(
        shapes.count == channels.count
          && shapes.allSatisfy { shape in shape.count == 4 && channels.contains { agrees(shape[1], $0) } },
        "\(channels.count) maps of \(channels.map(String.init).joined(separator: ", ")) channels")
      return head
    case .yolov8:
      let isSingle = shapes.count == 1 && isOpen(shapes[0], rank: 3)
      let form = manifest.form ?? (isSingle ? YOLOv8Head.form(of: shapes[0], classCount: classCount) : nil)
      try require(
        isSingle
          && (form.map { YOLOv8Head.fits(shapes[0], $0, classCount: classCount) }
            ?? shapes[0].allSatisfy { $0 == nil || $0 == 1 }),
        "one output 1x\(4 + classCount)xN, 1xNx\(4 + classCount), 1x\(64 + classCount)xN or 1xMx6")
      return YOLOv8Head(classCount: classCount, form: form)
    case .retinaface:
      try require(
        shapes.count == 3 && shapes.allSatisfy { isOpen($0, rank: 3) }, "three outputs 1xNx4, 1xNx2 and 1xNx10")
      return RetinaFaceHead()
    case .yunet:
      try require(
        shapes.count == 12 && shapes.allSatisfy { isOpen($0, rank: 3) },
        "for three strides 1xMx1 twice, 1xMx4 and 1xMx10")
      return YuNetHead()
    case .centerface:
      try require(
        shapes.count == 4 && shapes.allSatisfy { isOpen($0, rank: 4) }, "maps of 1, 2, 2 and 10 channels")
      return CenterFaceHead()
    }
  }

  private static func agrees(_ declared: Int?, _ expected: Int) -> Bool { declared == nil || declared == expected }
}
