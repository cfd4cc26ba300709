import EdgepipeCore

/// Where the head of a person is, of whom only the whole is found.
enum HeadPart {
  /// The upper part of a person's box, over its whole width.
  ///
  /// A head is about an eighth of an upright body. Of somebody who is cut off by the picture's lower edge it is more, and
  /// then the box is wide: the width sets the least.
  static func box(of person: Box) -> Box {
    Box(
      x: person.x, y: person.y, width: person.width,
      height: min(person.height, max(0.22 * person.height, 0.5 * person.width)))
  }

  /// Whether a face that was found can be this person's: its centre lies in the upper half of the box.
  static func isShown(_ person: Box, by face: Box) -> Bool {
    let x = face.x + face.width / 2, y = face.y + face.height / 2
    return x >= person.x && x <= person.maxX && y >= person.y && y <= person.y + person.height / 2
  }
}
