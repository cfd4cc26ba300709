import Foundation

/// The layers of a Darknet network with their sizes worked out and checked against one another.
struct DarknetNetwork {
  enum Activation: String {
    case linear, leaky, relu, logistic, mish, swish
  }

  struct Convolution {
    var inputs: Int
    var filters: Int
    var size: Int
    var stride: Int
    var padding: Int
    var dilation: Int
    var groups: Int
    var isNormalized: Bool
    var activation: Activation

    /// Values in the weights file. The limits on each factor keep this below 2^45.
    var valueCount: Int { filters * (isNormalized ? 4 : 1) + filters * (inputs / groups) * size * size }
  }

  enum Kind {
    case convolution(Convolution)
    case maxPool(size: Int, stride: Int, padding: Int)
    case upsample(Int)
    /// Earlier layers, joined; of each only the `group`-th of `groups` parts of its channels.
    case route(layers: [Int], groups: Int, group: Int)
    case shortcut(from: Int, activation: Activation)
    case yolo(ModelManifest.AnchorMap, classes: Int)
  }

  struct Layer {
    var kind: Kind
    var channels: Int
    /// Input pixels a cell.
    var stride: Int
  }

  var width: Int
  var height: Int
  var channels: Int
  var layers: [Layer] = []

  /// Numbers in the weights file, after its header.
  var valueCount: Int {
    layers.reduce(0) {
      if case .convolution(let convolution) = $1.kind { $0 + convolution.valueCount } else { $0 }
    }
  }

  /// - Throws: a ``PipelineError`` (`malformed`) that names the section and its line.
  init(_ config: DarknetConfig) throws {
    let net = config.sections[0]
    width = try net.integer("width", default: 416, in: 32...4096)
    height = try net.integer("height", default: 416, in: 32...4096)
    channels = try net.integer("channels", default: 3, in: 1...4)
    guard config.sections.count <= 1024 else { throw net.error("is followed by \(config.sections.count) sections") }
    for section in config.sections.dropFirst() { layers.append(try layer(section)) }
    guard layers.contains(where: { if case .yolo = $0.kind { true } else { false } }) else {
      throw net.error("has no [yolo] layer: only detectors of the YOLOv3 family can be imported")
    }
  }

  private func layer(_ section: DarknetConfig.Section) throws -> Layer {
    let channels = layers.last?.channels ?? self.channels, stride = layers.last?.stride ?? 1
    switch section.name {
    case "convolutional", "conv":
      let convolution = try self.convolution(section, inputs: channels)
      return Layer(
        kind: .convolution(convolution), channels: convolution.filters,
        stride: try limited(stride * convolution.stride, section))
    case "maxpool":
      let step = try section.integer("stride", default: 1, in: 1...8)
      let size = try section.integer("size", default: step, in: 1...64)
      let padding = try section.integer("padding", default: size - 1, in: 0...64)
      return Layer(
        kind: .maxPool(size: size, stride: step, padding: padding), channels: channels,
        stride: try limited(stride * step, section))
    case "upsample":
      let factor = try section.integer("stride", default: 2, in: 1...8)
      guard section.options["scale"] == nil else { throw section.error("has 'scale', which is not supported") }
      guard stride % factor == 0 else { throw section.error("scales by \(factor) beyond the input's size") }
      return Layer(kind: .upsample(factor), channels: channels, stride: stride / factor)
    case "route": return try route(section)
    case "shortcut": return try shortcut(section)
    case "yolo":
      let (map, classes) = try yolo(section, channels: channels, stride: stride)
      return Layer(kind: .yolo(map, classes: classes), channels: channels, stride: stride)
    default:
      throw section.error(
        "is not a supported layer; supported are convolutional, maxpool, upsample, route, shortcut and yolo")
    }
  }

  private func limited(_ stride: Int, _ section: DarknetConfig.Section) throws -> Int {
    guard stride <= 64 else { throw section.error("results in a stride of \(stride); at most 64 is supported") }
    return stride
  }

  private func convolution(_ section: DarknetConfig.Section, inputs: Int) throws -> Convolution {
    for key in ["binary", "xnor", "flipped", "antialiasing", "share_index", "stride_x", "stride_y", "deform"] {
      guard section.options[key] ?? "0" == "0" else { throw section.error("has '\(key)', which is not supported") }
    }
    let size = try section.integer("size", default: 1, in: 1...64)
    // `pad=1` means half the window, whatever `padding` says.
    let padsHalf = try section.integer("pad", default: 0, in: 0...1) == 1
    let groups = try section.integer("groups", default: 1, in: 1...65536)
    let filters = try section.integer("filters", default: 1, in: 1...65536)
    guard inputs % groups == 0, filters % groups == 0 else {
      throw section.error("splits \(inputs) channels into \(filters) filters by \(groups) groups")
    }
    return Convolution(
      inputs: inputs, filters: filters, size: size, stride: try section.integer("stride", default: 1, in: 1...8),
      padding: padsHalf ? size / 2 : try section.integer("padding", default: 0, in: 0...64),
      dilation: try section.integer("dilation", default: 1, in: 1...16), groups: groups,
      isNormalized: try section.integer("batch_normalize", default: 0, in: 0...1) == 1,
      activation: try activation(section, default: "logistic"))
  }

  private func activation(_ section: DarknetConfig.Section, default name: String) throws -> Activation {
    let name = section.options["activation"] ?? name
    guard let activation = Activation(rawValue: name) else {
      throw section.error("has activation=\(name); supported are linear, leaky, relu, logistic, mish and swish")
    }
    return activation
  }

  /// A layer by its number: counted from the front, or backwards from this one when negative.
  private func earlier(_ number: Int, _ section: DarknetConfig.Section) throws -> Int {
    let index = number < 0 ? layers.count + number : number
    guard layers.indices.contains(index) else {
      throw section.error("refers to layer \(number), which does not come before it")
    }
    if case .yolo = layers[index].kind { throw section.error("refers to layer \(number), a [yolo] layer") }
    return index
  }

  private func route(_ section: DarknetConfig.Section) throws -> Layer {
    guard let numbers = try section.integers("layers"), !numbers.isEmpty else { throw section.error("lacks 'layers'") }
    let sources = try numbers.map { try earlier($0, section) }
    let groups = try section.integer("groups", default: 1, in: 1...1024)
    let group = try section.integer("group_id", default: 0, in: 0...(groups - 1))
    var channels = 0
    for source in sources {
      guard layers[source].channels % groups == 0, layers[source].stride == layers[sources[0]].stride else {
        throw section.error("joins layers of different strides or unequal groups: \(numbers)")
      }
      channels += layers[source].channels / groups
    }
    guard channels <= 65536 else { throw section.error("joins \(channels) channels") }
    return Layer(
      kind: .route(layers: sources, groups: groups, group: group), channels: channels,
      stride: layers[sources[0]].stride)
  }

  private func shortcut(_ section: DarknetConfig.Section) throws -> Layer {
    guard let numbers = try section.integers("from"), numbers.count == 1, let last = layers.last else {
      throw section.error("needs one layer in 'from' and one before itself")
    }
    if case .yolo = last.kind { throw section.error("follows a [yolo] layer") }
    let source = try earlier(numbers[0], section)
    guard layers[source].channels == last.channels, layers[source].stride == last.stride else {
      throw section.error(
        "adds \(layers[source].channels) channels at stride \(layers[source].stride) to \(last.channels) at \(last.stride)"
      )
    }
    return Layer(
      kind: .shortcut(from: source, activation: try activation(section, default: "linear")), channels: last.channels,
      stride: last.stride)
  }

  private func yolo(
    _ section: DarknetConfig.Section, channels: Int, stride: Int
  ) throws -> (ModelManifest.AnchorMap, Int) {
    let scale = try section.numbers("scale_x_y")?.first ?? 1
    guard scale == 1, section.options["new_coords"] ?? "0" == "0" else {
      throw section.error("uses 'scale_x_y' or 'new_coords', which the yolov3 head does not decode")
    }
    let classes = try section.integer("classes", default: 20, in: 1...65536)
    guard let sides = try section.numbers("anchors"), sides.count >= 2, sides.count % 2 == 0 else {
      throw section.error("lacks pairs of 'anchors'")
    }
    let mask = try section.integers("mask") ?? Array(0..<sides.count / 2)
    let anchors = try mask.map { index -> [Float] in
      guard (0..<sides.count / 2).contains(index) else { throw section.error("has no anchor \(index)") }
      return [Float(sides[2 * index]), Float(sides[2 * index + 1])]
    }
    guard layers.last.map({ if case .yolo = $0.kind { false } else { true } }) == true,
      channels == anchors.count * (5 + classes)
    else {
      throw section.error(
        "decodes \(anchors.count) anchors and \(classes) classes, which needs \(anchors.count * (5 + classes)) "
          + "channels; the layer before it has \(channels)")
    }
    return (ModelManifest.AnchorMap(stride: stride, anchors: anchors), classes)
  }
}
