package import Pipeline

/// A part of the picture that nobody may be seen in elsewhere: a frame with a detection that touches it is not sent.
package struct KeptZone: ConfigurationObject, Hashable {
  package var name = ""
  package var points: [[Double]] = []
  package var labels: [String]?

  package init() {}

  package static let options: [ConfigurationOption<Self>] = [
    .init("name", \.name, .string, required: true, "Its name in messages."),
    .init(
      "points", \.points, ShapeSchema.points(count: 3...ShapeOutline.mostPoints), required: true,
      "Corners as [x, y], in shares of the picture's width and height."),
    .init("labels", \.labels, .list(.string, count: 1...1000), "Only for these classes; all when absent."),
  ]
}
