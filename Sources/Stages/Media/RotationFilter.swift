import CFFmpeg
import EdgepipeCore

/// Turns pictures of one size and format upright: owns one AVFilterGraph. Used by one thread.
///
/// Only rotated streams pay for it: every pixel is copied once, so that all stages that follow see upright pictures.
@safe final class RotationFilter {
  private struct Shape: Equatable {
    var width: Int32
    var height: Int32
    var format: Int32
  }

  private var graph: UnsafeMutablePointer<AVFilterGraph>?
  // SAFETY: both belong to `graph` and live as long as it does.
  private let source: UnsafeMutablePointer<AVFilterContext>
  private let sink: UnsafeMutablePointer<AVFilterContext>
  private let orientation: Orientation
  private let shape: Shape

  /// A filter for pictures like `picture`.
  init(_ orientation: Orientation, like picture: DecodedPicture) throws(PipelineError) {
    self.orientation = orientation
    shape = unsafe picture.withFrame(Self.shape(of:))
    let graph = unsafe avfilter_graph_alloc()
    guard let opened = unsafe graph else { throw .outOfMemory("a filter") }
    // Several threads would gain little on so cheap a filter and would not be counted with the stage.
    unsafe opened.pointee.nb_threads = 1
    do throws(PipelineError) {
      let input = "video_size=\(shape.width)x\(shape.height):pix_fmt=\(shape.format):time_base=1/1000:pixel_aspect=1/1"
      let source = try unsafe Self.add("buffer", input, to: opened)
      var last = unsafe source
      for (name, options) in orientation.filters {
        let next = try unsafe Self.add(name, options, to: opened)
        try avCheck(unsafe avfilter_link(last, 0, next, 0), "cannot link filter '\(name)'", consequence: .endStream)
        unsafe last = unsafe next
      }
      let sink = try unsafe Self.add("buffersink", nil, to: opened)
      try avCheck(unsafe avfilter_link(last, 0, sink, 0), "cannot link the filter's end", consequence: .endStream)
      try avCheck(
        unsafe avfilter_graph_config(opened, nil), "cannot rotate pictures of \(shape.width) x \(shape.height)",
        consequence: .endStream)
      unsafe (self.source, self.sink) = unsafe (source, sink)
    } catch {
      var failed = unsafe graph
      unsafe avfilter_graph_free(&failed)
      throw error
    }
    unsafe self.graph = graph
  }

  // SAFETY: allocated in init, freed here alone, with every filter in it.
  deinit { unsafe avfilter_graph_free(&graph) }

  func fits(_ orientation: Orientation, _ picture: DecodedPicture) -> Bool {
    guard self.orientation == orientation else { return false }
    return unsafe picture.withFrame(Self.shape(of:)) == shape
  }

  func upright(_ picture: DecodedPicture) throws(PipelineError) -> DecodedPicture {
    var output = unsafe av_frame_alloc()
    guard let frame = unsafe output else { throw .outOfMemory("a picture") }
    // SAFETY: the source takes a reference of its own to the picture's pixels, which it only reads.
    var status = unsafe picture.withFrame { unsafe av_buffersrc_write_frame(source, $0) }
    if status >= 0 { status = unsafe av_buffersink_get_frame(sink, frame) }
    if status < 0 {
      unsafe av_frame_free(&output)
      try avCheck(status, "cannot rotate a picture", consequence: .endStream)
    }
    return unsafe DecodedPicture(taking: frame, isJPEG: picture.isJPEG)
  }

  private static func shape(of frame: UnsafePointer<AVFrame>) -> Shape {
    unsafe Shape(width: frame.pointee.width, height: frame.pointee.height, format: frame.pointee.format)
  }

  private static func add(
    _ name: String, _ options: String?, to graph: UnsafeMutablePointer<AVFilterGraph>
  ) throws(PipelineError) -> UnsafeMutablePointer<AVFilterContext> {
    var filter: UnsafeMutablePointer<AVFilterContext>?
    // SAFETY: the strings are copied; the filter belongs to the graph.
    let status = unsafe avfilter_graph_create_filter(&filter, avfilter_get_by_name(name), name, options, nil, graph)
    guard status >= 0, let filter = unsafe filter else {
      throw PipelineError(
        "cannot rotate the stream: libavfilter's '\(name)': \(avErrorText(status))", consequence: .endStream,
        code: .unavailable)
    }
    return unsafe filter
  }
}
