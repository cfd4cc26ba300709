/// What the exporter wrote into a model file's metadata, as far as it says how the model is fed and read.
///
/// The keys are those of Ultralytics' exporters, which others have taken over: `names`, `task`, `stride`, `imgsz`,
/// `end2end` and, in `args`, `nms`. What cannot be read counts as not said; how many pictures it takes the input says.
struct ModelMetadata: Sendable, Hashable {
  /// The names of the classes in the model's order.
  private(set) var names: [String]?
  /// Such as `detect`, `pose`, `segment`, `obb`.
  private(set) var task: String?
  /// Input sides are multiples of this.
  private(set) var stride: Int?
  /// Height and width that it was exported for, in pixels.
  var imageSize: (height: Int, width: Int)? { sides.count == 2 ? (sides[0], sides[1]) : nil }
  private var sides: [Int] = []
  /// True when duplicates are removed inside the model: rows of x1, y1, x2, y2, score, class.
  private(set) var isEndToEnd = false

  /// Nothing is said.
  init() {}

  /// - Parameter properties: keys and values as the file holds them.
  init(_ properties: [String: String]) {
    names = properties["names"].flatMap(MetadataLiteral.init)?.names
    task = properties["task"].flatMap { $0.isEmpty ? nil : $0.lowercased() }
    stride = properties["stride"].flatMap(MetadataLiteral.init)?.largest.flatMap { (1...256).contains($0) ? $0 : nil }
    switch properties["imgsz"].flatMap(MetadataLiteral.init) {
    case .list(let values)?:
      let pixels = values.compactMap(\.pixels)
      guard pixels.count == values.count else { break }
      if pixels.count == 2 { sides = pixels } else if pixels.count == 1 { sides = [pixels[0], pixels[0]] }
    case let value?: sides = value.pixels.map { [$0, $0] } ?? []
    case nil: break
    }
    let says = properties["end2end"].flatMap(MetadataLiteral.init) == .bool(true)
    isEndToEnd = says || properties["nms"].flatMap(MetadataLiteral.init) == .bool(true)
    if case .dictionary(let entries)? = properties["args"].flatMap(MetadataLiteral.init) {
      isEndToEnd = isEndToEnd || entries.contains { $0.key == .string("nms") && $0.value == .bool(true) }
    }
  }
}

extension MetadataLiteral {
  /// More than any model here has.
  private static let maximumNames = 65_536

  /// A list of names, or a dictionary from index to name. Indices that are left out get their number.
  fileprivate var names: [String]? {
    switch self {
    case .list(let values):
      let names = values.compactMap(\.text)
      return names.count == values.count && !names.isEmpty && names.count <= Self.maximumNames ? names : nil
    case .dictionary(let entries):
      var named: [Int: String] = [:]
      for entry in entries {
        guard let index = entry.key.index, let name = entry.value.text else { return nil }
        named[index] = name
      }
      guard let last = named.keys.max(), last < Self.maximumNames else { return nil }
      return (0...last).map { named[$0] ?? "class\($0)" }
    default: return nil
    }
  }

  private var text: String? {
    switch self {
    case .string(let text): text
    // A class that is called 7 is written without quotes by some.
    case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
    default: nil
    }
  }

  private var index: Int? {
    switch self {
    case .number(let number): Int(exactly: number).flatMap { $0 >= 0 ? $0 : nil }
    case .string(let text): Int(text).flatMap { $0 >= 0 ? $0 : nil }
    default: nil
    }
  }

  fileprivate var pixels: Int? {
    guard case .number(let number) = self, let pixels = Int(exactly: number), (1...8192).contains(pixels) else {
      return nil
    }
    return pixels
  }

  /// A whole number, or the largest of a list: older exporters wrote the stride of each output.
  fileprivate var largest: Int? {
    switch self {
    case .number(let number): Int(exactly: number)
    case .list(let values): values.compactMap(\.largest).max()
    default: nil
    }
  }
}
