import CFFmpeg
@_spi(Pixels) import Pipeline

extension DecodedPicture: ReadablePicture {
  func withPlanes<Result>(_ body: (PixelPlanes) throws -> Result) rethrows -> Result? {
    try unsafe withFrame { frame in
      let format = unsafe AVPixelFormat(frame.pointee.format)
      // SAFETY: the descriptor is static; the frame holds `linesize` bytes for each row of a plane, as long as it lives.
      guard let description = unsafe av_pix_fmt_desc_get(format), let name = unsafe description.pointee.name,
        unsafe description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL) == 0
      else { return nil }
      let data = unsafe [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2, frame.pointee.data.3]
      let strides = unsafe [
        frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, frame.pointee.linesize.3,
      ]
      var planes: [PixelPlanes.Plane] = []
      for index in 0..<max(0, min(4, Int(av_pix_fmt_count_planes(format)))) {
        guard let start = unsafe data[index] else { return nil }
        // Chroma planes of a subsampled format have fewer rows.
        let isChroma = index == 1 || index == 2
        let shift = unsafe isChroma ? Int(description.pointee.log2_chroma_h) : 0
        unsafe planes.append(
          PixelPlanes.Plane(
            start: UnsafePointer(start),
            byteWidth: Int(av_image_get_linesize(format, frame.pointee.width, Int32(index))),
            height: (height + (1 << shift) - 1) >> shift, stride: Int(strides[index]), of: self))
      }
      return try body(
        PixelPlanes(
          format: unsafe String(cString: name), isFullRange: color.isFullRange, planes: planes,
          // FFmpeg's numbers are those of H.273.
          matrix: unsafe UInt32(truncatingIfNeeded: frame.pointee.colorspace.rawValue),
          primaries: unsafe UInt32(truncatingIfNeeded: frame.pointee.color_primaries.rawValue),
          transfer: unsafe UInt32(truncatingIfNeeded: frame.pointee.color_trc.rawValue)))
    }
  }
}
