import EdgepipePluginHost
import Pipeline

/// Bytes that one plugin leaves on a frame for another.
final class BytesAttachment: FrameAttachment {
  let attachment: PluginAttachment

  init(_ attachment: PluginAttachment) { self.attachment = attachment }
}
