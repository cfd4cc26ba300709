/// One thing found in one frame.
public struct Detection: Sendable, Hashable {
  /// The class name, such as `person`.
  public var label: String
  /// The index of the class in the model's list.
  public var classIndex: Int
  /// Confidence in 0...1.
  public var score: Float
  /// In source pixels, after rotation, inside the picture.
  public var box: Box
  /// Facial landmarks (left eye, right eye, nose, left and right mouth corner as seen in the picture) or empty.
  public var landmarks: [Point]
  /// The tracker's id, once a tracker has seen the detection.
  public var track: Int?
  /// True where no detector looked at this frame and the box is what a tracker expects.
  public var isPredicted: Bool
  /// The stage that found it, where that is not the stage whose results it is in: the larger one of a cascade.
  public var foundBy: String?

  public init(
    label: String, classIndex: Int, score: Float, box: Box, landmarks: [Point] = [], track: Int? = nil,
    isPredicted: Bool = false
  ) {
    self.label = label
    self.classIndex = classIndex
    self.score = score
    self.box = box
    self.landmarks = landmarks
    self.track = track
    self.isPredicted = isPredicted
  }
}
