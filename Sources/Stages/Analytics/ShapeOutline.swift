import EdgepipeCore

/// What the points of a zone or a line are counted in.
enum ShapeUnits: String, Sendable, Decodable {
  /// Pixels of the source picture after rotation.
  case pixels
  /// Shares of its width and height, 0 to 1.
  case relative

  static let words = ["pixels", "relative"]
}

/// The name and the points of a zone or a line as the pipeline file gives them, checked.
struct ShapeOutline: Sendable, Hashable {
  /// Coordinates beyond this are mistakes: no picture is as large.
  static let largestPixel = 1e6
  static let mostPoints = 256
  static let longestName = 64

  let name: String
  let points: [Vertex]
  let units: ShapeUnits

  /// - Parameters:
  ///   - kind: `zone` or `line`, for messages.
  ///   - place: where in the configuration it is, such as `zones[2]`.
  /// - Throws: `invalidConfiguration`, naming the shape and the point at fault.
  init(
    kind: String, place: String, stage: String, name: String, points: [[Double]], units: ShapeUnits,
    count: ClosedRange<Int>
  ) throws(PipelineError) {
    func refuse(_ problem: String, _ remedy: String) -> PipelineError {
      PipelineError("'\(stage)': \(problem)", remedy: remedy, code: .invalidConfiguration)
    }
    guard name.contains(where: { !$0.isWhitespace }), name.count <= Self.longestName else {
      throw refuse(
        "\(place) has a name that is \(name.count > Self.longestName ? "longer than \(Self.longestName) characters" : "empty")",
        "choose a short name: events contain it")
    }
    let this = "the \(kind) '\(name)'"
    var vertices: [Vertex] = []
    for (index, point) in points.prefix(Self.mostPoints + 1).enumerated() {
      guard point.count == 2 else {
        throw refuse("point \(index) of \(this) has \(point.count) numbers", "write each point as [x, y]")
      }
      let limit = units == .relative ? 1 : Self.largestPixel
      let least = units == .relative ? 0 : -Self.largestPixel
      for value in point where !(value >= least && value <= limit) {
        throw refuse(
          "point \(index) of \(this) has the coordinate \(value)",
          units == .relative ? "relative coordinates must be in 0...1" : "coordinates are pixels of the picture")
      }
      vertices.append(Vertex(point[0], point[1]))
    }
    // Rings are often written with their first point again at the end.
    if count.upperBound > 2, vertices.count > 3, vertices.first == vertices.last { vertices.removeLast() }
    guard count.contains(vertices.count) else {
      let wanted = count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
      throw refuse("\(this) has \(points.count) points", "a \(kind) has \(wanted) points")
    }
    for index in vertices.indices where vertices[index] == vertices[(index + 1) % vertices.count] {
      throw refuse(
        "points \(index) and \((index + 1) % vertices.count) of \(this) are the same", "remove one of them")
    }
    if vertices.count > 2 {
      let polygon = Polygon(vertices)
      if let (a, b) = polygon.crossingEdges {
        throw refuse(
          "the outline of \(this) crosses itself: its edges after point \(a) and after point \(b) meet",
          "give the points in their order around the \(kind)")
      }
      let least = units == .relative ? 1e-6 : 1
      guard polygon.area >= least else {
        throw refuse("\(this) has almost no area", "its points must not lie on one line")
      }
    }
    self.name = name
    self.points = vertices
    self.units = units
  }

  /// In pixels of a picture of this size.
  func vertices(width: Int, height: Int) -> [Vertex] {
    switch units {
    case .pixels: points
    case .relative: points.map { $0 * Vertex(Double(width), Double(height)) }
    }
  }

  /// Refuses a name that two shapes have in one stream; shapes without `streams` are in all of them.
  static func checkNames(
    kind: String, stage: String, _ shapes: [(name: String, streams: Set<String>?)]
  ) throws(PipelineError) {
    for (index, shape) in shapes.enumerated() {
      for other in shapes[..<index] where other.name == shape.name {
        let isApart = if let a = shape.streams, let b = other.streams { a.isDisjoint(with: b) } else { false }
        if isApart { continue }
        throw PipelineError(
          "'\(stage)' has two \(kind)s called '\(shape.name)'",
          remedy: "name them differently, or give them 'streams' that have none in common", code: .invalidConfiguration)
      }
    }
  }
}
