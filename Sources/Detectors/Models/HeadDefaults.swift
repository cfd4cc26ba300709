extension ModelManifest.Head {
  /// True for the heads that find faces.
  public var findsFaces: Bool {
    switch self {
    case .yolox, .yolov3, .yolov5, .yolov8: false
    case .retinaface, .yunet, .centerface: true
    }
  }

  /// True for the heads that read one output of three dimensions, which others have, too.
  var readsOneOutput: Bool {
    switch self {
    case .yolox, .yolov5, .yolov8: true
    case .yolov3, .retinaface, .yunet, .centerface: false
    }
  }

  /// The forms that its outputs come in.
  package var forms: [ModelManifest.Form] {
    switch self {
    case .yolox: [.raw, .decoded]
    case .yolov8: [.plain, .classesLast, .distribution, .endToEnd]
    case .yolov3, .yolov5, .retinaface, .yunet, .centerface: []
    }
  }

  /// The input's side where nothing says another, in pixels.
  package var usualSize: Int { self == .yolox || self == .yolov3 ? 416 : 640 }

  /// How models of this kind were trained to see their picture.
  package var defaultInput: InputFormat {
    let unit: [Float] = [1 / 255, 1 / 255, 1 / 255]
    return switch self {
    case .yolox: InputFormat(color: .bgr, placement: .topLeft, pad: 114)
    case .yolov3, .yolov5, .yolov8: InputFormat(color: .rgb, placement: .centered, pad: 114, scale: unit)
    case .retinaface: InputFormat(color: .bgr, placement: .topLeft, pad: 0, mean: [104, 117, 123])
    case .yunet: InputFormat(color: .bgr, placement: .topLeft, pad: 0)
    case .centerface: InputFormat(color: .rgb, placement: .topLeft, pad: 0)
    }
  }

  /// The head's name as its authors write it.
  public var title: String {
    switch self {
    case .yolox: "YOLOX"
    case .yolov3: "YOLOv3"
    case .yolov5: "YOLOv5"
    case .yolov8: "YOLOv8"
    case .retinaface: "RetinaFace"
    case .yunet: "YuNet"
    case .centerface: "CenterFace"
    }
  }
}

extension ModelManifest.AnchorMap {
  /// The anchors that Darknet's yolov3-tiny.weights were trained with.
  ///
  /// yolov3-tiny.cfg says `mask = 0,1,2` (10,14 23,27 37,58) for stride 16, which is a known mistake in that file
  /// (github.com/pjreddie/darknet, issue 851): with it, boxes come out at half their size. On 50 COCO pictures AP is
  /// 0.199 with these anchors and 0.156 with the file's.
  package static let yolov3Tiny = [
    Self(stride: 32, anchors: [[81, 82], [135, 169], [344, 319]]),
    Self(stride: 16, anchors: [[23, 27], [37, 58], [81, 82]]),
  ]

  /// The anchors of Darknet's yolov3.cfg.
  public static let yolov3 = [
    Self(stride: 32, anchors: [[116, 90], [156, 198], [373, 326]]),
    Self(stride: 16, anchors: [[30, 61], [62, 45], [59, 119]]),
    Self(stride: 8, anchors: [[10, 13], [16, 30], [33, 23]]),
  ]
}

extension ModelManifest.Head {
  /// How a model with this head is exported so that it takes pictures of any size; nil where there is no special way.
  package var freeSizeExport: String? { self == .yolov8 ? "export it with dynamic axes (dynamic=True)" : nil }
}
