/// The pixels of a frame: immutable, reference counted, upright (rotation already applied).
///
/// The graph only passes images on; the media stages that made them know how to read them.
public protocol FrameImage: AnyObject, Sendable {
  /// In pixels.
  var width: Int { get }
  /// In pixels.
  var height: Int { get }
}

/// Something that a stage prepares for another one and hangs on the frame, such as a scaled input tensor.
public protocol FrameAttachment: AnyObject, Sendable {}
